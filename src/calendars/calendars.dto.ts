import { ApiProperty } from '@nestjs/swagger';
import { IsArray, IsObject, IsString, Matches, ValidateBy } from 'class-validator';
import { Code, field, Moment, Text, Verbatim } from '../http/fields.js';
import { PageQuery } from '../http/pagination.js';
import { type Calendar, weekdays } from './calendar.js';

const interval = {
  type: 'array' as const,
  items: { type: 'string', pattern: String.raw`^([01]\d|2[0-4]):[0-5]\d$` },
  minItems: 2,
  maxItems: 2,
};
const intervals = { type: 'array' as const, items: interval };
const weeklySchema = {
  type: 'object' as const,
  properties: Object.fromEntries(weekdays.map((day) => [day, intervals])),
  additionalProperties: false,
};
const date = { type: 'string', format: 'date' };
const makeUpDaySchema = {
  type: 'object' as const,
  properties: { date, hours: intervals, like: { type: 'string', enum: [...weekdays] } },
  required: ['date'],
};

const officeDay = [
  ['09:00', '12:00'],
  ['13:00', '18:00'],
];
const officeWeek = { mon: officeDay, tue: officeDay, wed: officeDay, thu: officeDay, fri: officeDay };
const holidays = ['2026-10-01', '2026-10-02'];
const makeUpDays = [
  { date: '2026-10-10', like: 'mon' },
  { date: '2026-10-11', hours: [['09:00', '12:00']] },
];

export class CalendarPath {
  @Code(64, { example: 'cn-office' })
  code: string;
}

export class PutCalendar {
  @Text(128, { example: '上海办公室' })
  name: string;

  @field(
    { description: 'Of the IANA database: `Europe/Berlin`, `UTC`.', example: 'Asia/Shanghai' },
    { type: 'string' },
    IsString(),
  )
  timeZone: string;

  @Verbatim()
  @field(
    {
      description:
        'The working hours of each weekday, by the clock on the wall; a weekday that is left out is free. A day ends at `24:00`.',
      example: officeWeek,
    },
    weeklySchema,
    IsObject(),
  )
  weekly: Calendar['weekly'];

  @Verbatim()
  @field(
    { optional: true, description: 'Days on which nobody works.', example: holidays },
    { type: 'array', items: date },
    IsArray(),
  )
  holidays?: readonly string[];

  @Verbatim()
  @field(
    {
      optional: true,
      description:
        'Days with working hours of their own (`hours`), or with those of a weekday (`like`). 2000 dates, holidays and make-up days together.',
      example: makeUpDays,
    },
    { type: 'array', items: makeUpDaySchema },
    IsArray(),
  )
  makeUpDays?: Calendar['makeUpDays'];

  @Code(64, {
    optional: true,
    description: "The team that owns it, for system administrators only; left out: the platform's.",
    example: 't1',
    special: true,
  })
  accCode?: string;
}

/** Whose calendar is meant. */
export class CalendarOfTeam {
  @Code(64, {
    optional: true,
    description: "As this team sees it, for system administrators; left out: the platform's.",
  })
  accCode?: string;
}

export class ListCalendars extends PageQuery {
  @Code(64, { optional: true, description: 'As this team sees them; for system administrators.' })
  accCode?: string;
}

const momentPattern = /^(19[7-9]|20\d|21\d)\d-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** A moment of the years that calendars know, with its offset. */
const IsMoment = (): PropertyDecorator =>
  ValidateBy({
    name: 'moment',
    validator: {
      validate: (text: unknown) => typeof text === 'string' && !Number.isNaN(Date.parse(text)),
      defaultMessage: () => '$property must be a moment that there is',
    },
  });

export class TryCalendar extends CalendarOfTeam {
  @field(
    {
      optional: true,
      description: 'A date and time with its offset, of the years 1970 to 2199; left out: now.',
      example: '2026-09-30T17:00:00+08:00',
    },
    { type: 'string', format: 'date-time' },
    IsMoment(),
    Matches(momentPattern, {
      message: '$property must be a date and time with its offset, such as 2026-09-30T17:00:00+08:00',
    }),
  )
  from?: string;

  @field(
    { description: '`90s`, `30m`, `8h`, or working days: `2d`.', example: '8h' },
    { type: 'string' },
    IsString(),
  )
  length: string;
}

export class WorkingTimeView {
  @Moment()
  from: Date;

  @ApiProperty({ example: '8h' })
  length: string;

  @Moment({ description: 'The first moment at which so much working time has passed.' })
  until: Date;
}

export class CalendarView {
  @ApiProperty({ example: 'cn-office' })
  code: string;

  @ApiProperty({ example: '上海办公室' })
  name: string;

  @ApiProperty({ example: 'Asia/Shanghai' })
  timeZone: string;

  @ApiProperty({ ...weeklySchema, example: officeWeek })
  weekly: Calendar['weekly'];

  @ApiProperty({ type: 'array', items: date, example: holidays })
  holidays: readonly string[];

  @ApiProperty({ type: 'array', items: makeUpDaySchema, example: makeUpDays })
  makeUpDays: Calendar['makeUpDays'];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The team; null for the platform.',
    example: 't1',
  })
  accCode: string | null;

  @Moment()
  createTime: Date;

  @Moment()
  updateTime: Date;
}

export class CalendarPage {
  @ApiProperty({ type: [CalendarView] })
  items: readonly CalendarView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}
