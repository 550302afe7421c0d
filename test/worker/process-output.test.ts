import { EventEmitter } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import type { FlowControl } from '../../dist/src/protocol/flow-control.js';
import { passOn } from '../../dist/src/worker/process-output.js';

/** A pipe that takes nothing until it drains. */
class FullPipe extends EventEmitter {
  writableNeedDrain = false;

  write(): boolean {
    this.writableNeedDrain = true;
    return false;
  }

  drain(): void {
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

afterEach(() => void vi.restoreAllMocks());

it('a thread that has printed to both streams waits until both have drained', () => {
  const pipes = { stdout: new FullPipe(), stderr: new FullPipe() };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process, name, 'get').mockReturnValue(pipes[name] as never);
  const both = { hold: vi.fn(), release: vi.fn(), showLife: vi.fn() };
  const one = { hold: vi.fn(), release: vi.fn(), showLife: vi.fn() };
  passOn('stdout', Buffer.from('a'), both as unknown as FlowControl);
  passOn('stderr', Buffer.from('b'), both as unknown as FlowControl);
  passOn('stdout', Buffer.from('c'), one as unknown as FlowControl);
  expect(both.hold).toHaveBeenCalledTimes(2);
  pipes.stdout.drain();
  expect(one.release).toHaveBeenCalledOnce();
  expect(both.release).not.toHaveBeenCalled();
  pipes.stderr.drain();
  expect(both.release).toHaveBeenCalledOnce();
});
