// An emulator in a process of its own, to be killed: `node emulator-process.js <dataDir> <port>` prints its base URL. It ends
// with its standard input, so that it does not outlive a test run that crashed.
import { startEmulator } from '../../src/emulator/emulator.ts';

const [dataDir = '', port = '0'] = process.argv.slice(2);
const emulator = await startEmulator({ dataDir, port: Number(port) });
process.stdout.write(`${emulator.baseUrl}\n`);
process.stdin.resume().on('end', () => process.exit());
