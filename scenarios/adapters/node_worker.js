// Node's https module as a client under test, one connection per JSON line on standard input.
//
// No TLS option but the request's CA is set: Node's defaults are what is judged. `agent: false` gives every
// request a connection and a context of its own, so nothing is pooled and no session resumed.
'use strict';

const fs = require('fs');
const https = require('https');
const readline = require('readline');

const TIMEOUT = 10000; // milliseconds, for the whole exchange

function say(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

// One GET. Resolves when the answer was read to its end, rejects with the reason otherwise.
function connect(request) {
  return new Promise((resolve, reject) => {
    const call = https.request({
      host: request.host,
      port: request.port,
      path: '/',
      ca: fs.readFileSync(request.ca_pem),
      agent: false,
      headers: { Connection: 'close' },
    });
    const timer = setTimeout(() => call.destroy(new Error('timeout')), TIMEOUT);
    call.on('close', () => {
      clearTimeout(timer);
      reject(new Error('closed without an answer')); // without effect after any other outcome
    });
    call.on('error', reject);
    call.on('response', (response) => {
      response.on('error', reject);
      response.on('end', resolve);
      response.resume();
    });
    call.end();
  });
}

// The result for one line. A bad server, or a bad line, must never end the worker.
async function answer(line) {
  const result = { case: null, connected: false };
  try {
    const request = JSON.parse(line);
    result.case = request.case === undefined ? null : request.case;
    await connect(request);
    result.connected = true;
  } catch (error) {
    const text = `${error.code || error.name}: ${error.message}`;
    result.error = text.replace(/\s+/g, ' ').slice(0, 300);
  }
  return result;
}

async function main() {
  console.log(`library: OpenSSL ${process.versions.openssl}`);
  say({ ready: true, version: process.versions.node });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.trim() !== '') {
      say(await answer(line));
    }
  }
}

main();
