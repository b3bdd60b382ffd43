import { parentPort } from 'node:worker_threads';
import { parseUnit } from '@sqlwarden/sqlserver';
import { answerQuestions } from './answer-questions.js';

/** The entry of a worker that parses T-SQL units. */
answerQuestions(parentPort, parseUnit);
