import { Injectable } from '@nestjs/common';
import { inParts, places, type Sql } from '../database/sql.js';
import { userOfSubject, userSubject } from '../engine/vocabulary.js';

/** How much waits for people, for those who are about to say that somebody may not act any more. */
@Injectable()
export class OpenSeatsService {
  /** On how many steps it is the turn of each of these, by code; whom nothing waits for is absent. */
  async of(sql: Sql, people: readonly string[]): Promise<Map<string, number>> {
    const seats = new Map<string, number>();
    for (const part of inParts(people)) {
      const rows = await sql.rows<{ subject: string; seats: number | string }>(
        `SELECT subject, COUNT(*) AS seats FROM dms_s_apply_order_assignee
          WHERE state = 1 AND apply_step > 0 AND subject IN (${places(part.length)}) GROUP BY subject`,
        part.map(userSubject),
      );
      for (const row of rows) seats.set(userOfSubject(row.subject) ?? '', Number(row.seats));
    }
    return seats;
  }
}
