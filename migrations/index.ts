import { Core1795305600000 } from './1795305600000-core.js';
import { Callbacks1795392000000 } from './1795392000000-callbacks.js';
import { Approvals1795478400000 } from './1795478400000-approvals.js';
import { StandingInAndTime1795564800000 } from './1795564800000-standing-in-and-time.js';
import { Gate1795651200000 } from './1795651200000-gate.js';
import { Outside1795737600000 } from './1795737600000-outside.js';
import { DirectorySync1795737600001 } from './1795737600001-directory-sync.js';
import { LarkMirror1795737600002 } from './1795737600002-lark-mirror.js';
import { Im1795737600003 } from './1795737600003-im.js';

/** In the order in which they run. */
export const migrations = [
  Core1795305600000,
  Callbacks1795392000000,
  Approvals1795478400000,
  StandingInAndTime1795564800000,
  Gate1795651200000,
  Outside1795737600000,
  DirectorySync1795737600001,
  LarkMirror1795737600002,
  Im1795737600003,
];
