// Examines a server from outside, as `rockpool doctor` shows it: one question after the other, each with its verdict. It joins
// a pool of its own for a moment, changes nothing, and asks only for what any visitor is told.
import { checkIce } from './check-ice.ts';
import { checkSocket } from './check-socket.ts';
import { checkApp, checkBus, checkForwarded, checkReachable, checkSecure } from './check-web.ts';
import type { Finding } from './findings.ts';

/** `url`: of the app as people open it, without a slash at its end. Gives each finding as it is there; never throws. */
export async function* examine(url: string): AsyncGenerator<Finding> {
  const reachable = await checkReachable(url);
  yield reachable;
  yield checkSecure(url);
  if (reachable.verdict === 'broken') return;
  const bus = await checkBus(url);
  if (bus !== undefined) yield bus;
  yield await checkApp(url);
  yield await checkForwarded(url);
  const { findings, iceServers } = await checkSocket(url);
  yield* findings;
  if (iceServers !== undefined) yield* await checkIce(iceServers);
}
