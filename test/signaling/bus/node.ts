// A node as a process of its own, which may be killed or stopped: serves with the bus that its argument names, and prints its
// address.
import { startServer } from '../../../signaling/server.ts';

const [url = ''] = process.argv.slice(2);
const server = await startServer({ bus: { url } });
process.stdout.write(`${server.url}\n`);
process.once('SIGTERM', () => void server.drain(200));
