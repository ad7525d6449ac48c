// Every limit and pace of talk, with its unit and its reason.

export interface TalkOptions {
  /** Of a chain never seen before, entries that are fetched unasked: some days of what one person writes. */
  readonly historyFirst: number;
  /** Older entries, over all chains, that one `more` fetches: a few screens. */
  readonly historyMore: number;
  /** After that a `more` that is not answered is done with what came, ms. */
  readonly moreMs: number;
  /** How soon those to whom it matters are told what is new here, ms: their receipts, and entries that nobody else can tell of. */
  readonly tellMs: number;
  /** The same where the author is here and tells itself, ms: only for those whom it does not reach. */
  readonly tellSlowMs: number;
  /** The same for those who have it all, ms: whom else they could ask. */
  readonly tellIdleMs: number;
  /** An entry that its author is about to push is not asked of others meanwhile, ms: a slow link's round trip. */
  readonly pushGraceMs: number;
  /** Wants at one peer: together they fill a link for a round trip, and no more of them can come to wait for the keeper. */
  readonly wantsPerPeerMax: number;
  /** Entries of one want: short messages fill one answer with about so many. */
  readonly wantEntriesMax: number;
  /** A peer that has given nothing for so long while asked is asked no more for a while, ms. */
  readonly wantMs: number;
  /** That while grows twofold with each failure from the third on, up to this, ms. */
  readonly restMsMax: number;
  /** Wants of one peer that wait here for their answer: twice what an honest one asks. More are passed over. */
  readonly asksPerPeerMax: number;
  /** Bytes of one peer's entries, unasked, that wait for the keeper. Heads make up for what is dropped. */
  readonly takeBytesMax: number;
  /** Chains that are remembered of one peer and that are not known here. */
  readonly headsMax: number;
  /** Logs that were signed twice: proofs of so many are passed on, and heeded of one peer. */
  readonly forksMax: number;
  /** Forged or malformed entries after which a peer is neither asked nor listened to until its next link. */
  readonly strikesMax: number;
  /** Problem events of one peer and link. */
  readonly problemsMax: number;
  /** After the disk refused, nothing is fetched for so long, ms. */
  readonly troubleMs: number;
  /** A write waits at most so long for the link to somebody who has just come, ms: what is written before is not for it. */
  readonly meetMs: number;
  /** A write waits at most so long for what others have of this device's own chain, ms. */
  readonly ownChainMs: number;
  /** Gaps and older entries are counted at most this often, ms: while entries pour in they change all the time. */
  readonly countMs: number;
  /** Gaps that are shown. */
  readonly gapsMax: number;
  /** Times of entries that are remembered: those that bound gaps and receipts. */
  readonly timesMax: number;
  /** Such times that are being read: whoever tells of many heads in a row does not fill the keeper's queue. */
  readonly lookupsMax: number;
  /** Others are told how far this person has read at most this often, ms. */
  readonly readMs: number;
  /** One's own typing is sent at most this often, ms. */
  readonly typingMs: number;
  /** That of a peer is shown at most this often, ms: a peer that sends more of it cannot keep the app busy. */
  readonly typingHeardMs: number;
  /** Messages that were taken back and whose news among the devices here is followed. */
  readonly retractsWatchedMax: number;
  /** Attempts of one peer, on one link, to show that it knows this device's invitation. Its code has 64 bits. */
  readonly vouchesMax: number;
  /** An answer to an own attempt counts for so long, ms: the other device only has to sign. */
  readonly linkAskMs: number;
}

export const TALK_DEFAULTS: TalkOptions = {
  historyFirst: 500,
  historyMore: 500,
  moreMs: 20_000,
  tellMs: 200,
  tellSlowMs: 5000,
  tellIdleMs: 60_000,
  pushGraceMs: 400,
  wantsPerPeerMax: 8,
  wantEntriesMax: 256,
  wantMs: 5000,
  restMsMax: 60_000,
  asksPerPeerMax: 16,
  takeBytesMax: 1024 * 1024,
  headsMax: 4096,
  forksMax: 64,
  strikesMax: 3,
  problemsMax: 16,
  troubleMs: 10_000,
  meetMs: 3000,
  ownChainMs: 5000,
  countMs: 500,
  gapsMax: 256,
  timesMax: 4096,
  lookupsMax: 64,
  readMs: 500,
  typingMs: 3000,
  typingHeardMs: 1000,
  retractsWatchedMax: 64,
  vouchesMax: 8,
  linkAskMs: 10_000,
};

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function talkOptions(given: Partial<TalkOptions> = {}): TalkOptions {
  const options = { ...TALK_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name}: expected above 0, got ${String(value)}`);
  }
  return options;
}
