import type { Notice } from './notice.js';
import { type Fact, type Language, texts } from './mail.texts.js';

/** What a mail says; to whom and from whom is the sender's business. */
export interface Mail {
  /** One line, without control characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The mail that tells a person of a piece of news. @param publicUrl where people open orders; null: no link. */
export function mailOf(notice: Notice, language: Language, publicUrl: string | null): Mail {
  return render(language, {
    subject: subjectOf(notice, language),
    headline: headlineOf(notice, language),
    facts: factsOf(notice, language).map(([, line]) => line),
    link: linkTo(notice, publicUrl),
  });
}

/** What a message to a person says: an order in a few lines, for the small screen of a phone. */
export interface Message {
  /** One line. */
  readonly title: string;
  /** Lines of plain text. */
  readonly text: string;
  readonly link: string | null;
  readonly linkText: string;
}

/** The message that tells a person of a piece of news. @param publicUrl where people open orders; null: no link. */
export function messageOf(notice: Notice, language: Language, publicUrl: string | null): Message {
  const { colon, link } = texts[language];
  const lines = factsOf(notice, language).flatMap(([fact, [label, value]]) =>
    inMails.has(fact) ? [] : [`${label}${colon}${oneLine(value)}`],
  );
  return {
    title: subjectOf(notice, language),
    text: lines.join('\n'),
    link: linkTo(notice, publicUrl),
    linkText: link,
  };
}

/** The message that tries a subscription out. */
export function trialMessageOf(subscriptionName: string, language: Language): Message {
  const { trialMessage, colon, link } = texts[language];
  return {
    title: trialMessage.headline,
    text: `${trialMessage.sentence}${colon}${oneLine(subscriptionName)}`,
    link: null,
    linkText: link,
  };
}

/** Facts that only a mail has room for; the title stands above a message already. */
const inMails: ReadonlySet<Fact> = new Set(['title', 'reviewers', 'attachments', 'status']);

const headlineOf = ({ type, data }: Notice, language: Language): string =>
  data.topic === undefined ? texts[language].headlines[type] : texts[language].parked;

function subjectOf(notice: Notice, language: Language): string {
  const { title, business_key: key, ticket_id: id, topic } = notice.data;
  return oneLine(
    `${headlineOf(notice, language)}${texts[language].colon}${title || key || id || topic || ''}`,
  );
}

/** Shows the order; what to do about it is decided there, by somebody who has logged in. */
const linkTo = ({ data }: Notice, publicUrl: string | null): string | null =>
  publicUrl && data.ticket_id && `${publicUrl}/console/orders/${encodeURIComponent(data.ticket_id)}`;

/** The mail that tries a subscription out. */
export function trialMailOf(subscriptionName: string, language: Language): Mail {
  const { trial, colon } = texts[language];
  return render(language, {
    subject: `${trial.headline}${colon}${subscriptionName}`,
    headline: trial.headline,
    facts: [[trial.sentence, subscriptionName]],
    link: null,
  });
}

type Line = readonly [label: string, value: string];

function factsOf({ type, data }: Notice, language: Language): (readonly [Fact, Line])[] {
  const { facts, decisions, statuses, resumes, theApplicant, todos } = texts[language];
  const people = data.user_codes && listed(data.user_codes);
  const values: Readonly<Record<Fact, string | null | undefined>> = {
    title: data.title,
    businessType: data.business_type,
    businessKey: data.business_key,
    applicant: data.user_code,
    step: data.node_name && `${data.apply_step} ${data.node_name}`,
    reviewers: data.reviewers && listed(data.reviewers),
    assigned: type === 'step.assigned' || type === 'step.escalated' ? people : null,
    copies: type === 'order.copied' ? people : null,
    actedBy: data.acted_by,
    due: data.due_at,
    verdict: data.verdict && decisions[data.verdict],
    decision: data.decision && decisions[data.decision],
    decidedBy: data.decided_by,
    words: data.decision && data.audit_msg,
    note: data.decision ? null : data.audit_msg,
    returnedTo: data.to_node_name
      ? `${data.to_step} ${data.to_node_name}`
      : data.to_step === 0
        ? theApplicant
        : null,
    resume: data.resume && resumes[data.resume],
    text: data.text,
    attachments: data.attachments && listed(data.attachments.map(({ name }) => name)),
    remark: data.remark,
    error: data.error,
    delivery: data.delivery_id,
    topic: data.topic,
    todo: data.topic === undefined ? null : (todos[data.topic] ?? todos.other),
    status: data.apply_status && statuses[data.apply_status],
  };
  return (Object.keys(values) as Fact[]).flatMap((fact): (readonly [Fact, Line])[] => {
    const value = values[fact];
    return value ? [[fact, [facts[fact], value]]] : [];
  });
}

const maxListed = 20;

const listed = (codes: readonly string[]): string =>
  codes.slice(0, maxListed).join(', ') + (codes.length > maxListed ? ', …' : '');

interface Content {
  readonly subject: string;
  readonly headline: string;
  readonly facts: readonly Line[];
  readonly link: string | null;
}

function render(language: Language, { subject, headline, facts, link }: Content): Mail {
  const { tag, colon, link: linkText, footer } = texts[language];
  const lines = facts.map(([label, value]) => `${label}${colon}${indented(value)}`);
  const rows = facts.map(
    ([label, value]) =>
      `<tr><th align="left" valign="top">${escaped(label)}</th><td>${escaped(value).replaceAll('\n', '<br>')}</td></tr>`,
  );
  return {
    subject: oneLine(subject),
    text: [headline, '', ...lines, '', ...(link ? [`${linkText}${colon}${link}`, ''] : []), footer, ''].join(
      '\n',
    ),
    html: [
      `<!doctype html><html lang="${tag}"><body>`,
      `<h3>${escaped(headline)}</h3>`,
      `<table cellpadding="4">${rows.join('')}</table>`,
      ...(link ? [`<p><a href="${escaped(link)}">${escaped(linkText)}</a></p>`] : []),
      `<p>${escaped(footer)}</p>`,
      '</body></html>',
    ].join('\n'),
  };
}

const maxSubject = 200;

/** A header's value: whatever would end the line, or turn text around, becomes a blank. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  // Not in the middle of a character.
  const beginning = line.slice(0, maxSubject - 1).replace(/[\ud800-\udbff]$/, '');
  return line.length <= maxSubject ? line : `${beginning}…`;
}

/** Values of several lines stay behind their label: a title cannot pretend to be the line of another fact. */
const indented = (value: string): string => value.replaceAll(/\r\n?|[\n\v\f\u0085\u2028\u2029]/g, '\n    ');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
