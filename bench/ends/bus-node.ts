// A node of `bus`, alone in a process: `node bus-node.js [nats://HOST:PORT]`. Prints its port.
import { startServer } from '../../signaling/server.ts';

const url = process.argv[2];
const { port } = await startServer(url === undefined ? {} : { bus: { url } });
console.log(port);
