// A process that is to be killed: writes accounts, each with a passkey in one transaction, into the data directory that its
// argument names, and prints the id of each once it is acknowledged.
import { writeSync } from 'node:fs';
import { addAccount, addPasskey } from '../../../signaling/store/accounts.ts';
import { openDatabase } from '../../../signaling/store/database.ts';
import { accountRow, passkeyRow } from './rows.ts';

const [dataDir = ''] = process.argv.slice(2);
const database = await openDatabase({ dataDir });
for (;;) {
  const account = accountRow();
  await database.transact(async (tx) => {
    await addAccount(tx, account);
    await addPasskey(tx, passkeyRow(account.id));
  });
  writeSync(1, `${account.id}\n`);
}
