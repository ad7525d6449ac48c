// How peers are seen from outside: the sockets (address and port) that asked the STUN server lately, and the peer that named
// one of them as its own. A peer names its socket by the candidate it signals anyway; that STUN saw the socket shows that the
// name is no invention. In memory only, for a minute, told to nobody but the peer itself, and never logged.

/** A socket is named within seconds of asking: candidates are signaled as they are found. */
const KEPT_MS = 60_000;
/** Some 200 bytes each; past it the one that asked longest ago is forgotten. */
const SOCKETS_MAX = 10_000;

interface Sighting {
  readonly atMs: number;
  readonly peer: string | undefined;
}

export class PeerIndex {
  /** By the socket's name; least recently seen first. */
  readonly #sockets = new Map<string, Sighting>();

  /** A socket asked. `socket` as `socketName` spells it; `now` in ms, never going back. */
  saw(now: number, socket: string): void {
    const peer = this.#sighting(now, socket)?.peer;
    this.#sockets.delete(socket);
    this.#sockets.set(socket, { atMs: now, peer });
    const [eldest] = this.#sockets.size > SOCKETS_MAX ? this.#sockets.keys() : [];
    if (eldest !== undefined) this.#sockets.delete(eldest);
  }

  /** `peer` says that it is seen as `socket`. False if no such socket asked lately, or another peer named it first. */
  claim(now: number, peer: string, socket: string): boolean {
    const sighting = this.#sighting(now, socket);
    if (sighting === undefined || (sighting.peer ?? peer) !== peer) return false;
    // Its place in the order stays: naming is no sign of life.
    this.#sockets.set(socket, { atMs: sighting.atMs, peer });
    return true;
  }

  /** The sockets that `peer` is seen as, newest last. Goes through all of them: for a diagnosis, not for every signal. */
  socketsOf(now: number, peer: string): readonly string[] {
    this.#forget(now);
    return [...this.#sockets].flatMap(([socket, sighting]) => (sighting.peer === peer ? [socket] : []));
  }

  figures(now: number): { readonly sockets: number; readonly named: number } {
    this.#forget(now);
    let named = 0;
    for (const { peer } of this.#sockets.values()) if (peer !== undefined) named += 1;
    return { sockets: this.#sockets.size, named };
  }

  #sighting(now: number, socket: string): Sighting | undefined {
    this.#forget(now);
    return this.#sockets.get(socket);
  }

  #forget(now: number): void {
    for (const [socket, { atMs }] of this.#sockets) {
      if (now - atMs < KEPT_MS) return;
      this.#sockets.delete(socket);
    }
  }
}
