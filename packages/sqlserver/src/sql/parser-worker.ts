import { parentPort } from 'node:worker_threads';
import { serveParser } from '@sqlwarden/core';
import { parseUnit } from './parse.js';

/** The entry of a parser worker. */
serveParser(parentPort, parseUnit);
