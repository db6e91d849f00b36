/** What a resolver is asked about: a step of an order, or of one that may be opened. */
export interface Question {
  /** The node's address. */
  readonly url: string;
  /** The order; null before it is opened. */
  readonly ticketId: string | null;
  readonly team: string | null;
  /** Whose secrets sign the question. */
  readonly businessType: string;
  /** The type that the order was opened under; null for the one that the code means in the team today. */
  readonly businessTypeId: string | null;
  readonly businessKey: string | null;
  readonly applicant: string;
  /** Null, like the name, where a rule is tried out that is on no template. */
  readonly applyStep: number | null;
  readonly nodeName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * What a resolver is sent (requirement 002, `getApprover($isFirst, $empId)`).
 * @param candidate whose permission is asked for; null to ask for everybody
 */
export const resolverBody = (question: Question, candidate: string | null, time: Date): string =>
  JSON.stringify({
    type: 'order.resolve',
    timestamp: time.toISOString(),
    data: {
      ticket_id: question.ticketId,
      business_type: question.businessType,
      business_key: question.businessKey,
      acc_code: question.team,
      user_code: question.applicant,
      apply_step: question.applyStep,
      node_name: question.nodeName,
      is_first: candidate === null,
      candidate,
      variables: question.variables,
    },
  });
