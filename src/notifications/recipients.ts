import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DirectoryService } from '../directory/directory.service.js';
import { userOfSubject } from '../engine/vocabulary.js';
import type { Announcement } from './announcements.js';

/** Whom a subscription can mean by a word. */
export const recipientWords = ['reviewers', 'applicant', 'copied'] as const;

/** Before a user code that a subscription names. */
export const personPrefix = 'user:';

/** One mailbox: a person's, whose address is asked for when the mail is sent, or an address that was named. */
export type Recipient = { readonly userCode: string } | { readonly address: string };

/** Finds out whom a subscription means, and where their mailboxes are. */
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
    const people = await this.meant(to, team, announcement);
    const mailboxes = new Map<string, Recipient>();
    for (const address of addressesIn(to)) mailboxes.set(address.toLowerCase(), { address });
    for (const [userCode, address] of await this.addressesOf(team, people)) {
      const mailbox = address.toLowerCase();
      if (!mailboxes.has(mailbox)) mailboxes.set(mailbox, { userCode });
    }
    return [...mailboxes.values()];
  }

  /**
   * The people for one piece of news, each once, whether or not they can be reached.
   * @param team of the order: nobody who is inactive there, or listed in another team, is among them
   */
  async people(to: readonly string[], team: string | null, announcement: Announcement): Promise<string[]> {
    return this.present(await this.meant(to, team, announcement), team);
  }

  /** Who of these people may hear of a team's orders right now. Whom the directory does not list may, as everywhere. */
  async present(people: readonly string[], team: string | null): Promise<string[]> {
    const [here, anywhere] = [
      await this.directory.listed(this.database, team, people),
      await this.directory.listed(this.database, null, people),
    ];
    return people.filter((userCode) => here.get(userCode) === 'active' || !anywhere.has(userCode));
  }

  /** Where a mail goes right now, or null: the person has no address, or may not act in the team any more. */
  async addressOf(recipient: Recipient, team: string | null): Promise<string | null> {
    if ('address' in recipient) return recipient.address;
    return (await this.addressesOf(team, [recipient.userCode])).get(recipient.userCode) ?? null;
  }

  private async meant(
    to: readonly string[],
    team: string | null,
    announcement: Announcement,
  ): Promise<string[]> {
    const people = new Set<string>(
      to.filter((entry) => entry.startsWith(personPrefix)).map((entry) => entry.slice(personPrefix.length)),
    );
    if (to.includes('reviewers')) {
      for (const userCode of await this.reviewers(team, announcement)) people.add(userCode);
    }
    const applicant = announcement.notice.data.user_code;
    if (to.includes('applicant') && applicant !== null) people.add(applicant);
    if (to.includes('copied')) for (const userCode of announcement.copied) people.add(userCode);
    return [...people];
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
export const addressesIn = (to: readonly string[]): string[] =>
  to.filter((entry) => !words.includes(entry) && !entry.startsWith(personPrefix));
