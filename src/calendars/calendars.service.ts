import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.js';
import { lengthMs } from '../engine/lengths.js';
import type { Timetable } from '../engine/timing.js';

@Injectable()
export class CalendarsService {
  async timetable(_sql: Sql, _team: string | null, _codes: readonly string[]): Promise<Timetable> {
    return {
      length: (_calendar, length) => lengthMs(length) ?? 0,
      add: (_calendar, from, milliseconds) => from + milliseconds,
      between: (_calendar, from, to) => Math.max(0, to - from),
    };
  }
}
