/** Whether there is such a process. One that was killed is there until its parent has heard of it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
