/** The version of the package: a copy in a user's bundle finds by it the files of its threads. */
export const VERSION = '0.1.0';
