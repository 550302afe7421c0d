/** The batch could not start or continue. */
export const EXIT_UNABLE = 2;

export const SEE_HELP = "Try 'leastwork map --help' for more information.\n";
