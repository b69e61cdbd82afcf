import type { Database } from '../../../kernel/database.ts';
import type { Place } from '../../../kernel/place.ts';
import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { findRepositoryById } from '../store.ts';
import type { RepositoryRow } from '../store.ts';
import { findComment } from './store.ts';
import type { CommentRow } from './store.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const COMMENT_ID = new RegExp(`^${UUID}:${UUID}$`);

/** @throws CommentIdRequiredException, InvalidCommentIdException, CommentDoesNotExistException */
export async function existingComment(db: Database, place: Place, id: string): Promise<{ row: CommentRow; repository: RepositoryRow }> {
  if (id === '') throw fail('CommentIdRequiredException', 'A comment ID is required.');
  if (!COMMENT_ID.test(id)) throw fail('InvalidCommentIdException', `The comment ID is not in a valid format: ${id}`);
  const row = await findComment(db, place, id);
  const repository = row && await findRepositoryById(db, row);
  if (!row || !repository) throw noComment(id);
  return { row, repository };
}

/** @throws CommentDeletedException */
export function notDeleted(row: CommentRow): CommentRow {
  if (row.deleted) throw fail('CommentDeletedException', 'This comment has already been deleted. You cannot edit or delete a deleted comment.');
  return row;
}

/** @throws CommentContentRequiredException, CommentContentSizeLimitExceededException */
export function commentContent(text: string): string {
  if (text.trim() === '') throw fail('CommentContentRequiredException', 'The comment is empty. You must provide some content for a comment.');
  if (text.length > limits.commentLength) throw fail('CommentContentSizeLimitExceededException', `The comment is too large. Comments are limited to ${limits.commentLength} characters.`);
  return text;
}

export const noComment = (id: string): Error => fail('CommentDoesNotExistException', `No comment exists with the provided ID: ${id}`);
