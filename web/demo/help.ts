/** What the buttons do. */
export const help: readonly (readonly [string, string])[] = [
  ["Kill, Restart", "Ends a server's process at once, as a power cut does, and starts it again. Its users log in on another server by themselves."],
  ["n1, n2, n3", "Moves the user: it logs in on that server. A user has one session, so the older one ends. Conversations go on."],
  ["Decline", "The program on the user's server refuses each message for the user, and the sender is told."],
  ["Rewrite", "The program on the user's server changes each message for the user: into capital letters."],
  ["Stop reading", "Nothing is read from the user's connection any more, as with a phone in a tunnel. Only messages for this user are affected."],
  ["Send 1,000", "Sends a thousand messages, each when the one before has its receipt, and draws how long they took."],
  ["Send 6 MB", "Sends a hundred messages of 60 KB each, until one does not arrive in time."],
  ["Clear channel", "Two users who talk have a channel: both servers remember where the other is. This forgets it; the next message has to look the other user up."],
  ["Cut connection", "Cuts the browser's connection with no word to either side. The client logs in again by itself."],
];
