import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DirectoryService } from '../directory/directory.service.js';
import { userOfSubject } from '../engine/vocabulary.js';
import type { Announcement } from './announcements.js';

/** What an e-mail subscription can name besides addresses. */
export const recipientWords = ['reviewers', 'applicant', 'copied'] as const;

/** One mailbox: a person's, whose address is asked for when the mail is sent, or an address that was named. */
export type Recipient = { readonly userCode: string } | { readonly address: string };

/** Finds out whose mailboxes a subscription means. */
@Injectable()
export class Recipients {
  constructor(
    private readonly directory: DirectoryService,
    private readonly database: Database,
  ) {}

  /**
   * The mailboxes for one piece of news, each once; people without an address are left out.
   * @param to as the subscription says it
   * @param team of the order: nobody who is inactive there, or listed in another team, is written to
   */
  async of(to: readonly string[], team: string | null, announcement: Announcement): Promise<Recipient[]> {
    const people = new Set<string>();
    if (to.includes('reviewers')) {
      for (const userCode of await this.reviewers(team, announcement)) people.add(userCode);
    }
    if (to.includes('applicant')) people.add(announcement.notice.data.user_code);
    if (to.includes('copied')) for (const userCode of announcement.copied) people.add(userCode);
    const mailboxes = new Map<string, Recipient>();
    for (const address of addressesIn(to)) mailboxes.set(address.toLowerCase(), { address });
    for (const [userCode, address] of await this.addressesOf(team, [...people])) {
      const mailbox = address.toLowerCase();
      if (!mailboxes.has(mailbox)) mailboxes.set(mailbox, { userCode });
    }
    return [...mailboxes.values()];
  }

  /** Where a mail goes right now, or null: the person has no address, or may not act in the team any more. */
  async addressOf(recipient: Recipient, team: string | null): Promise<string | null> {
    if ('address' in recipient) return recipient.address;
    return (await this.addressesOf(team, [recipient.userCode])).get(recipient.userCode) ?? null;
  }

  private addressesOf(team: string | null, userCodes: readonly string[]): Promise<Map<string, string>> {
    return this.directory.emailsOf(this.database, team, userCodes);
  }

  /** The people whom the step asks: by name, and whoever is in its groups and has its roles right now. */
  private async reviewers(team: string | null, { asked, notAsked }: Announcement): Promise<Set<string>> {
    const named = asked.flatMap((subject) => userOfSubject(subject) ?? []);
    const others = asked.filter((subject) => userOfSubject(subject) === null);
    const members = await this.directory.membersOf(this.database, others, team);
    const people = new Set([...named, ...[...members.values()].flat()]);
    if (notAsked !== null) people.delete(notAsked);
    return people;
  }
}

const words: readonly string[] = recipientWords;

/** The addresses among what a subscription names. */
export const addressesIn = (to: readonly string[]): string[] => to.filter((entry) => !words.includes(entry));
