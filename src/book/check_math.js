// Does every formula of a page render, here and on GitHub?
//
//     node src/book/check_math.js FILE.md...
//
// Each ```math fence and each inline $...$ or $`...`$ is set by KaTeX with all
// its errors on; commands that GitHub refuses are refused; and an inline formula
// has to come through markdown (cmark-gfm) unchanged: no <em>, no lost backslash.
// Errors are printed as file:line: message; the exit status is then 1.
// Needs cmark-gfm and KaTeX (Debian: cmark-gfm, katex; or NODE_PATH).
'use strict';
const fs = require('fs');
const { execFileSync } = require('child_process');

function load(...places) {
    for (const place of places)
        try { return require(place); } catch { /* the next one, then */ }
    console.error('check_math: no KaTeX; install katex, or set NODE_PATH');
    process.exit(2);
}
const katex = load('katex', '/usr/share/nodejs/katex');

// What GitHub refuses, and (last line) what KaTeX knows but GitHub does not. An
// even number of backslashes before the name is line breaks, not a command.
const REFUSED = new RegExp('(?<!\\\\)(?:\\\\\\\\)*\\\\(?:' + [
    'operatorname', '[hv]?phantom', 'mbox', 'label', 'ref', 'eqref', 'require',
    '[egx]?def', 'let', 'global', '(?:re)?newcommand', 'providecommand',
    'newenvironment', 'DeclareMathOperator', 'href', 'url', 'includegraphics',
    'html[A-Z]\\w+', 'argmin', 'argmax', 'plim', 'R', 'N', 'Z', 'reals', 'infin',
].join('|') + ')(?![a-zA-Z])');

let errors = 0;
function complain(file, line, message) {
    console.log(`${file}:${line}: ${message}`);
    errors++;
}

// Sets one formula; its first line is `line` of the file.
function set(file, line, tex, displayMode) {
    const at = (position) => line + tex.slice(0, position).split('\n').length - 1;
    const refused = REFUSED.exec(tex);
    if (refused)
        return complain(file, at(refused.index), `GitHub refuses ${refused[0].replace(/^\\*/, '\\')}`);
    try {
        katex.renderToString(tex + '\n', {
            displayMode, throwOnError: true, strict: 'error',
        });
    } catch (e) {
        complain(file, at(e.position || 0), String(e.message).replace(/\s+/g, ' '));
    }
}

// Splits a page into math fences and paragraphs, both {line, text}. A paragraph
// is what inline formulas cannot cross: it ends at an empty line, a fence, and
// where a heading, list item, quotation or table row begins. Comments are blanked.
function split(page) {
    const fences = [], paragraphs = [];
    let fence = null, comment = false, open = false;
    page.split('\n').forEach((raw, i) => {
        const mark = /^[\s>]*(?:(?:[-*+]|\d+\.)\s+)*(`{3,}|~{3,})\s*([^`]*)$/.exec(raw);
        if (fence) {
            if (mark && mark[1].startsWith(fence.mark) && !mark[2]) {
                if (fence.math) fences.push(fence);
                fence = null;
            } else
                fence.text += raw + '\n';
            return;
        }
        if (mark && !comment) {
            fence = { mark: mark[1], math: mark[2].trim() === 'math', line: i + 2, text: '' };
            open = false;
            return;
        }
        let text = '';
        for (let rest = raw; rest !== '';) {
            const span = !comment && /^(`+)(?!`)(?:[^`]|(?!\1(?!`))`+)*\1(?!`)/.exec(rest);
            if (span) {
                text += span[0];
                rest = rest.slice(span[0].length);
            } else if (!comment && rest.startsWith('<!--')) {
                comment = true;
                rest = rest.slice(4);
            } else if (comment && rest.startsWith('-->')) {
                comment = false;
                rest = rest.slice(3);
            } else {
                text += comment ? '' : rest[0];
                rest = rest.slice(1);
            }
        }
        if (text.trim() === '') open = false;
        else if (!open || /^\s*(#|[-*+]\s|\d+\.\s|>|\|)/.test(text)) {
            paragraphs.push({ line: i + 1, text: text + '\n' });
            open = true;
        } else
            paragraphs[paragraphs.length - 1].text += text + '\n';
    });
    return { fences, paragraphs, unclosed: fence };
}

// The inline formulas of a paragraph: {line, tex, tick}, tick for $`...`$.
function inline(file, { line, text }) {
    const found = [];
    for (let i = 0; i < text.length;) {
        const here = line + text.slice(0, i).split('\n').length - 1;
        const rest = text.slice(i);
        const code = /^(`+)(?!`)(?:[^`]|(?!\1(?!`))`+)*\1(?!`)/.exec(rest) || /^`+/.exec(rest);
        const formula = /^\$`([^`]+)`\$(?!\w)/.exec(rest)
            || /^\$(?![\s$`])((?:\\[^]|[^\\$])*?)\$(?![\w$])/.exec(rest);
        if (code) {
            i += code[0].length;
        } else if (rest[0] !== '$') {
            i++;
        } else if (rest[1] === '$') {
            complain(file, here, 'use a ```math fence, not $$');
            return found;
        } else if (!formula || /\s$/.test(formula[1])) {
            complain(file, here, 'a $ that opens no formula, or one not closed: '
                + rest.slice(0, 30).replace(/\s+/g, ' '));
            return found;
        } else {
            if (i > 0 && !/[\s([{"'*_|>]/.test(text[i - 1]))
                complain(file, here, `GitHub wants a space before ${formula[0]}`);
            found.push({ line: here, tex: formula[1], tick: rest[1] === '`' });
            i += formula[0].length;
        }
    }
    return found;
}

// Each inline formula is to stand in the page's HTML, in the page's order.
function survive(file, formulas) {
    const squeeze = (s) => s.replace(/\s+/g, ' ');
    const html = squeeze(execFileSync('cmark-gfm',
        ['-e', 'table', '-e', 'strikethrough', file], { encoding: 'utf8' }));
    let from = 0;
    for (const { line, tex, tick } of formulas) {
        const kept = tex.replace(/&/g, '&amp;').replace(/</g, '&lt;')
            .replace(/>/g, '&gt;').replace(/"/g, '&quot;');
        const want = tick ? `$<code>${kept.trim()}</code>$` : `$${kept}$`;
        const at = html.indexOf(squeeze(want), from);
        if (at < 0)
            complain(file, line, `markdown changes $${tex}$` + (tick ? '' : ': write $`...`$'));
        else
            from = at + want.length;
    }
}

let display = 0, inlined = 0;
const files = process.argv.slice(2);
for (const file of files) {
    const { fences, paragraphs, unclosed } = split(fs.readFileSync(file, 'utf8'));
    const formulas = paragraphs.flatMap((paragraph) => inline(file, paragraph));
    if (unclosed) complain(file, unclosed.line - 1, 'this fence is not closed');
    for (const fence of fences) set(file, fence.line, fence.text.trimEnd(), true);
    for (const { line, tex } of formulas) set(file, line, tex, false);
    survive(file, formulas);
    display += fences.length;
    inlined += formulas.length;
}
console.log(`check_math: ${display} display and ${inlined} inline equations in `
    + `${files.length} pages, ` + (errors ? `${errors} errors` : 'all render'));
if (display + inlined === 0) console.log('check_math: nothing was checked');
process.exitCode = errors || display + inlined === 0 ? 1 : 0;
