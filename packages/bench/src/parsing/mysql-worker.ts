import { parentPort } from 'node:worker_threads';
import { parseUnit } from '@sqlwarden/mysql';
import { answerQuestions } from './answer-questions.js';

/** The entry of a worker that parses MySQL and MariaDB units. */
answerQuestions(parentPort, parseUnit);
