/** The longest time that setTimeout takes, in milliseconds: 24 days. A longer one counts as none. */
export const longestTimer = 2 ** 31 - 1;
