import { Core1795305600000 } from './1795305600000-core.js';

/** In the order in which they run. */
export const migrations = [Core1795305600000];
