// `npm test`: finds (or installs) a browser, builds, checks types and style, and runs every test, one stage after
// the other. The last line printed is `N passed, N failed` (`, N skipped` if any); the exit code is 0 only if nothing
// failed and something ran. `npm test -- PATTERN` only builds and hands the pattern (or any jest option) to jest.
// Plain JavaScript and Node's own modules, so that it can say what is missing instead of failing to load.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM_PATH_VARIABLE, findChromium } from '../desktop/windows/find-chromium.mjs';

const root = join(import.meta.dirname, '..');
/** jest's script, started by Node itself so that it works on Windows too. */
const jest = join(root, 'node_modules/jest/bin/jest.js');
const results = mkdtempSync(join(tmpdir(), 'rockpool-test-'));
const jestArguments = process.argv.slice(2);
const filtered = jestArguments.length > 0;

/** Longest a stage may take, in minutes: several times what it takes on two slow cores. */
const LIMITS = { install: 8, build: 4, check: 3, unit: 20, browser: 25 };

/** Once jest has written its results it has this long to leave; longer means a test left something open. */
const JEST_EXIT_MS = 20_000;

/**
 * Files of browser tests that get a second run when they fail: real browsers on a busy machine miss a deadline now and then.
 * What fails twice has failed, and so has everything if more files than this fail. Each second run is told.
 */
const SECOND_RUNS_MAX = 2;

/** Between asking a child to stop and making it stop. */
const KILL_GRACE_MS = 5_000;

/** Servers and tools that tests run for real; where one is missing, its tests skip and say so. */
const TOOLS = [
  ['coturn', '/usr/bin/turnserver'],
  ['nats-server', '/usr/sbin/nats-server'],
  ['nftables', '/usr/sbin/nft'],
  ['iproute2', '/usr/sbin/ip'],
  ['postgresql', '/usr/lib/postgresql'],
  ['xvfb', '/usr/bin/Xvfb'],
  ['desktop-file-utils', '/usr/bin/desktop-file-validate'],
];

/** One at a time, and each file in a process of its own: a memory limit this low makes jest start a new one after each. */
const ALONE = ['--maxWorkers=1', '--workerIdleMemoryLimit=1KB'];

const totals = { passed: 0, failed: 0, skipped: 0 };
const children = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of children) killTree(child, 'SIGKILL');
    rmSync(results, { recursive: true, force: true });
    process.exit(1);
  });
}

await main();
rmSync(results, { recursive: true, force: true });
if (totals.passed + totals.failed === 0) console.log('No test ran.');
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);

async function main() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    return stageFailed(`Rockpool needs Node 20.19 or later; this is ${process.version}.`);
  }
  if (!existsSync(jest)) return stageFailed('The packages are not installed: run `npm ci` first.');

  const browser = await ensureChromium();
  if (browser !== undefined) process.env[CHROMIUM_PATH_VARIABLE] = browser;
  else if (!filtered) return stageFailed(howToGetChromium());
  else console.log(`${howToGetChromium()}\nTests that need it will fail.`);

  if (!filtered) await ensureTools();

  const built = await stage('build', npmRun('build'), LIMITS.build);
  if (!filtered) {
    await stage('types', npmRun('typecheck'), LIMITS.check);
    await stage('lint and format', npmRun('lint'), LIMITS.check);
  }
  await jestStage('unit tests', 'unit', jestArguments, LIMITS.unit);
  if (!built) return stageFailed('The browser tests did not run, because the build failed.');
  const { files } = await jestStage('browser tests', 'browser', [...ALONE, ...jestArguments], LIMITS.browser);
  if (!filtered && files.length > 0 && files.length <= SECOND_RUNS_MAX) await runAgain(files);
}

/** Counts `files` by how they do now, if all of them pass. */
async function runAgain(files) {
  const before = { ...totals };
  const paths = files.map(({ path }) => path);
  const options = [...ALONE, '--runTestsByPath', ...paths];
  const { ok } = await jestStage('browser tests, second run', 'browser', options, LIMITS.browser);
  const passed = totals.passed - before.passed;
  Object.assign(totals, before);
  if (!ok) return;
  console.log(`Passed at the second run only: ${paths.join(', ')}`);
  for (const { failures, passes } of files) {
    totals.failed -= failures;
    totals.passed -= passes;
  }
  totals.passed += passed;
}

/** Path of a browser that runs; installs one where that is possible; undefined if there is none. */
async function ensureChromium() {
  const found = await workingChromium();
  if (found !== undefined || process.env[CHROMIUM_PATH_VARIABLE]) return found;
  const prefix = await rightToInstall();
  if (prefix === undefined) return undefined;
  console.log('No Chromium or Chrome found: installing the chromium package with apt-get.');
  return (await aptInstall(prefix, ['chromium'])) ? workingChromium() : undefined;
}

/** Only as root, as in a container: servers are not put on somebody's own machine unasked. */
async function ensureTools() {
  const missing = TOOLS.filter(([, path]) => !existsSync(path)).map(([name]) => name);
  if (missing.length === 0 || process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return;
  if (process.getuid() === 0) await aptInstall([], missing, true);
}

/** `optional`: where it does not work, nothing has failed. */
async function aptInstall(prefix, packages, optional = false) {
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  const install = [...prefix, 'apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  return (
    (await stage('apt-get update', [...prefix, 'apt-get', 'update'], LIMITS.install, { quiet: true, optional })) &&
    (await stage(`apt-get install ${packages.join(' ')}`, install, LIMITS.install, { quiet: true, optional }))
  );
}

async function workingChromium() {
  try {
    const path = findChromium();
    if (path === undefined) return undefined;
    // Windows' browsers open a window when asked for their version; everywhere else the answer also shows that it
    // starts (Ubuntu's chromium-browser may be a stub that only recommends a snap).
    if (process.platform === 'win32') return path;
    if ((await run([path, '--version'], 30_000, 'ignore')).ok) return path;
    console.log(`${path} does not start.`);
  } catch (error) {
    console.log(error.message);
  }
  return undefined;
}

/** What to put before apt-get: nothing as root, sudo where it asks for no password; undefined if neither applies. */
async function rightToInstall() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid() === 0) return [];
  const sudo = await run(['sudo', '-n', 'true'], 10_000, 'ignore');
  return sudo.ok ? ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND'] : undefined;
}

function howToGetChromium() {
  return [
    'The tests need a Chromium or Chrome that starts, and this machine has none.',
    '  Debian, Ubuntu: apt-get install chromium      Fedora: dnf install chromium',
    '  macOS:          brew install --cask chromium  Windows: winget install Google.Chrome',
    `If it is in an unusual place, say where: ${CHROMIUM_PATH_VARIABLE}=/path/to/chromium npm test`,
  ].join('\n');
}

/** Runs a command as a stage, announced with its duration; a failure counts as one failed test. True if it went well. */
async function stage(name, command, minutes, { quiet = false, optional = false } = {}) {
  const started = performance.now();
  console.log(`\n== ${name}`);
  const { ok, reason } = await run(command, minutes * 60_000, quiet ? 'stderr' : 'inherit');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${name}: ${ok ? 'ok' : `FAILED (${reason})`} after ${seconds} s`);
  if (!ok && !optional) totals.failed += 1;
  return ok;
}

function stageFailed(message) {
  console.log(message);
  totals.failed += 1;
}

/**
 * Runs one jest project and adds what it counted. Suites that never got to a test count as a failure each. Resolves to
 * whether it went well, and to the files that failed, if that is why not.
 */
async function jestStage(name, project, options, minutes) {
  const started = performance.now();
  console.log(`\n== ${name}`);
  const output = join(results, `${project}.json`);
  const command = [process.execPath, '--experimental-vm-modules', jest, '--selectProjects', project];
  command.push(...options, '--json', `--outputFile=${output}`);
  // A pattern may well belong to the other project; a whole run without a single test is a mistake.
  if (filtered) command.push('--passWithNoTests');
  // jest's own report goes to stderr; with --json stdout only repeats the file.
  const { ok, reason } = await run(command, minutes * 60_000, 'stderr', output);
  const counted = countTests(output);
  const unexplained = !ok && counted.failed === 0;
  totals.passed += counted.passed;
  totals.skipped += counted.skipped;
  totals.failed += counted.failed + (unexplained ? 1 : 0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = ok ? 'ok' : `FAILED (${unexplained ? reason : `${counted.failed} failures`})`;
  console.log(`== ${name}: ${verdict} after ${seconds} s`);
  return { ok, files: counted.files };
}

function countTests(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0, files: [] };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const files = report.testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name, assertionResults }) => {
      const count = (status) => assertionResults.filter((test) => test.status === status).length;
      return { path: name, failures: Math.max(1, count('failed')), passes: count('passed') };
    });
  return {
    passed: report.numPassedTests,
    failed: files.reduce((sum, { failures }) => sum + failures, 0),
    skipped: report.numPendingTests + report.numTodoTests,
    files,
  };
}

/**
 * Runs a command without stdin in a process group of its own, so that stopping it stops all it started and nothing
 * else. `output`: 'inherit', 'stderr' (stdout is dropped) or 'ignore'. With `doneFile`, the command has to end soon
 * after that file appears.
 */
function run([command, ...args], limitMs, output, doneFile) {
  return new Promise((resolve) => {
    const stdio = { inherit: ['ignore', 'inherit', 'inherit'], stderr: ['ignore', 'ignore', 'inherit'] }[output];
    const warnings = '--disable-warning=ExperimentalWarning';
    const env = { ...process.env, NODE_OPTIONS: [process.env.NODE_OPTIONS, warnings].filter(Boolean).join(' ') };
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, { cwd: root, env, stdio: stdio ?? 'ignore', detached });
    children.add(child);
    let stopped;
    let watch;
    const stop = (why) => {
      clearTimeout(limit);
      clearInterval(watch);
      if (stopped !== undefined) return;
      stopped = why;
      killTree(child, 'SIGTERM');
      setTimeout(() => killTree(child, 'SIGKILL'), KILL_GRACE_MS).unref();
    };
    const limit = setTimeout(() => stop(`not done within ${limitMs / 60_000} minutes`), limitMs);
    if (doneFile !== undefined) {
      watch = setInterval(() => {
        if (!existsSync(doneFile)) return;
        clearInterval(watch);
        watch = setTimeout(() => stop('a test left something open, so jest did not exit'), JEST_EXIT_MS);
      }, 500);
    }
    const settle = (ok, reason) => {
      clearTimeout(limit);
      clearInterval(watch);
      children.delete(child);
      resolve({ ok, reason });
    };
    child.on('error', (error) => settle(false, error.message));
    child.on('exit', (code, signal) => {
      killTree(child, 'SIGKILL');
      if (stopped === undefined) settle(code === 0, signal ? `ended by ${signal}` : `exit code ${code}`);
      else settle(false, stopped);
    });
  });
}

/** Signals a child's whole process group. One that is already gone is no news. */
function killTree(child, signal) {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error; // macOS says EPERM for a group of zombies.
  }
}

function npmRun(script) {
  const npm = process.env.npm_execpath;
  return npm ? [process.execPath, npm, 'run', '--silent', script] : ['npm', 'run', '--silent', script];
}
