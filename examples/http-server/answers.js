// Which HTTP answer to which error of leastwork.

const LATER = { 'Retry-After': '1' };

/** @returns the status and headers that tell the client what to do about `error` */
export function answerTo(error) {
  switch (error?.code) {
    case 'ERR_QUEUE_FULL': // more work waits than we allow
    case 'ERR_BALANCER_CLOSED': // we are shutting down
      return { status: 503, headers: LATER };
    case 'ERR_TASK_TIMEOUT':
      // It has waited too long: we are overloaded. It has run too long: this request is too much.
      return error.phase === 'queue' ? { status: 503, headers: LATER } : { status: 504, headers: {} };
    default:
      return { status: 500, headers: {} };
  }
}
