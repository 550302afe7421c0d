import { esModuleHint } from './es-module-hint.js';

/** To be added to what is said of a module that does not load: what to do. */
export function loadHint(message: string, command: 'map' | 'work'): string {
  if (!/Unknown file extension "\.[cm]?tsx?"| it is TypeScript: /.test(message)) return esModuleHint(message);
  return `\nThis Node (${process.version}) needs a loader for TypeScript: NODE_OPTIONS='--import tsx' leastwork ${command} …`;
}
