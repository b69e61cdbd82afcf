import { fail } from '../fail.ts';
import { limits } from '../limits.ts';
import { BadContent, parseContent } from './content.ts';
import type { RuleContent } from './content.ts';

/** Letters, digits, periods, spaces, underscores and dashes; User Guide, "Quotas". */
function isRuleName(name: string): boolean {
  return name.length <= limits.approvalRuleNameLength && /^[\p{L}\p{N}._ -]+$/u.test(name) && !name.endsWith('.git');
}

/** @throws ApprovalRuleNameRequiredException, InvalidApprovalRuleNameException */
export function ruleName(name: string): string {
  if (name === '') throw fail('ApprovalRuleNameRequiredException', 'An approval rule name is required.');
  if (!isRuleName(name)) throw fail('InvalidApprovalRuleNameException', `The approval rule name is not valid: ${name}`);
  return name;
}

/** @throws ApprovalRuleTemplateNameRequiredException, InvalidApprovalRuleTemplateNameException */
export function templateName(name: string): string {
  if (name === '') throw fail('ApprovalRuleTemplateNameRequiredException', 'An approval rule template name is required.');
  if (!isRuleName(name)) throw fail('InvalidApprovalRuleTemplateNameException', `The approval rule template name is not valid: ${name}`);
  return name;
}

/** @throws InvalidApprovalRuleTemplateDescriptionException */
export function templateDescription(text: string | undefined): string | null {
  if ((text ?? '').length > limits.approvalTemplateDescriptionLength) {
    throw fail('InvalidApprovalRuleTemplateDescriptionException', `An approval rule template's description has at most ${limits.approvalTemplateDescriptionLength} characters.`);
  }
  return text || null;
}

/** @throws ApprovalRuleContentRequiredException, InvalidApprovalRuleContentException */
export function ruleContent(text: string): RuleContent {
  if (text === '') throw fail('ApprovalRuleContentRequiredException', 'The content for the approval rule is empty.');
  return parsed(text, 'rule', 'InvalidApprovalRuleContentException');
}

/** @throws ApprovalRuleTemplateContentRequiredException, InvalidApprovalRuleTemplateContentException */
export function templateContent(text: string): RuleContent {
  if (text === '') throw fail('ApprovalRuleTemplateContentRequiredException', 'The content for the approval rule template is empty.');
  return parsed(text, 'template', 'InvalidApprovalRuleTemplateContentException');
}

/** What an update is based on must be what is there. @throws InvalidRuleContentSha256Exception */
export function sameContent(given: string | undefined, current: string): void {
  if (given !== undefined && given !== current) throw fail('InvalidRuleContentSha256Exception', 'The SHA-256 hash signature is not that of the rule\'s current content.');
}

function parsed(text: string, of: 'rule' | 'template', error: 'InvalidApprovalRuleContentException' | 'InvalidApprovalRuleTemplateContentException'): RuleContent {
  try {
    return parseContent(text, of);
  } catch (cause) {
    if (cause instanceof BadContent) throw fail(error, `The content of the approval rule${of === 'rule' ? '' : ' template'} is not valid: ${cause.message}.`, { cause });
    throw cause;
  }
}
