// What a thread preloads: a propagator that throws.
import { diag, propagation } from '@opentelemetry/api';
import 'leastwork/opentelemetry';

const told = [];
const ignore = () => {};
diag.setLogger({
  error: (_message, { message }) => told.push(message),
  warn: ignore,
  info: ignore,
  debug: ignore,
  verbose: ignore,
});
propagation.setGlobalPropagator({
  inject: ignore,
  extract() {
    throw new Error('extract');
  },
  fields: () => [],
});

export const tell = () => told.splice(0);
