import { describe, expect, it } from '@jest/globals';
import { connectSqlserver } from '../sqlserver-connection.js';
import { playTdsTranscript } from './transcript-player.js';
import { requestsOfConversation, type TranscriptRequest } from './transcript-requests.js';
import { tdsTranscripts, type TdsTranscript } from './transcripts.js';

const transcripts = tdsTranscripts();

function requestsOf({ conversations }: TdsTranscript): readonly TranscriptRequest[] {
  return conversations.flatMap((conversation) => requestsOfConversation(conversation).requests);
}

function named(part: string): TdsTranscript {
  const found = transcripts.find(({ name }) => name.includes(part));
  if (found === undefined) throw new Error(`no recording ${part}`);
  return found;
}

describe('recordings of TDS', () => {
  it('has them all, each with what it does and both sides of it', () => {
    expect(transcripts).toHaveLength(33);
    for (const { conversations, description } of transcripts) {
      expect(description).not.toBe('');
      for (const { reads } of conversations) expect(reads[0]?.from).toBe('client');
    }
  });

  it('knows how each is encrypted', () => {
    const encryption = (part: string): string =>
      named(part)
        .conversations.map((conversation) => conversation.encryption)
        .join();
    expect([
      encryption('19_'),
      encryption('20_'),
      encryption('enc_request'),
      encryption('enc_require_'),
      encryption('enc_off_v7.1'),
    ]).toEqual(['all', 'strict', 'login', 'all', 'none']);
    expect(encryption('15_')).toBe('none,none,none,all');
  });

  it.each(transcripts.map((transcript) => [transcript.name, transcript] as const))(
    '%s: finds every statement that was written down',
    (_, transcript) => {
      if (transcript.conversations.some(({ encryption }) => encryption !== 'none')) return;
      const texts = requestsOf(transcript).flatMap((request) => {
        if (request.kind === 'batch') return [request.text];
        if (request.kind !== 'rpc') return [];
        return [request.procedure, ...request.parameters.map(({ value }) => (typeof value === 'string' ? value : ''))];
      });
      for (const { text } of transcript.statements) expect(texts).toContain(text);
    },
  );

  it('decodes calls, transactions, bulk loads and attentions', () => {
    expect(
      requestsOf(named('04_'))
        .filter(({ kind }) => kind === 'rpc')
        .map((request) => (request.kind === 'rpc' ? request.procedure : '')),
    ).toEqual(['sp_prepare', 'sp_execute', 'sp_execute', 'sp_execute', 'sp_unprepare']);
    expect(requestsOf(named('06_')).filter(({ kind }) => kind === 'transaction manager').length).toBeGreaterThan(3);
    const loads = requestsOf(named('07_')).flatMap((request) => (request.kind === 'bulk load' ? [request.rows.length] : []));
    expect(loads).toContain(300);
    expect(requestsOf(named('10_')).filter(({ kind }) => kind === 'attention').length).toBeGreaterThan(1);
  });

  it('plays a conversation to a client', async () => {
    const [conversation] = named('18_tedious_tdsversion_7_4').conversations;
    if (conversation === undefined) throw new Error('no conversation');
    const player = await playTdsTranscript(conversation, 7);
    const connection = await connectSqlserver({ host: player.host, port: player.port, user: 'bf_user', password: 'any' });
    const [statement] = named('18_tedious_tdsversion_7_4').statements;
    expect((await connection.query(statement?.text ?? '')).length).toBeGreaterThan(0);
    expect(player.finished).toBe(true);
    await connection.end();
    await player.stop();
  });

  it('refuses to play what is encrypted', async () => {
    const [conversation] = named('19_').conversations;
    if (conversation === undefined) throw new Error('no conversation');
    await expect(playTdsTranscript(conversation)).rejects.toThrow(/encrypted/);
  });
});
