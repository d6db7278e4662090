# ledger.awk -- every equation of the book with the checks it has passed.
#
#   awk -f src/book/ledger.awk chapters/*.md notes/*.md src/*.h ... \
#       build/out/*.tsv build/proofread.txt
#
# Defined: \tag{1.4} in a page of chapters/; a fence with \tag and := is a
# definition.  Cited: "Eq. (1.4)", "Eqs. (1.4) and (1.5)", in any file.
# Checked: a row of a chapter's record.  The END block refuses orphans: an
# equation that is cited or checked but not defined, defined twice, neither
# checked nor a definition; a check that no mistake was held against.

function bad(msg) { printf "%s\n", msg > "/dev/stderr"; errors++ }

# Notes the equations "(n.m)" that follow "Eq." or "Eqs." in the line.
function cite(line,    eq) {
    while (match(line, /Eqs?\. (\([0-9]+\.[0-9]+[a-z]?\)(, | and | to |,|))+/)) {
        eqs = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        while (match(eqs, /\([0-9]+\.[0-9]+[a-z]?\)/)) {
            eq = substr(eqs, RSTART + 1, RLENGTH - 2)
            if (!(eq in cited)) cited[eq] = FILENAME ":" FNR
            eqs = substr(eqs, RSTART + RLENGTH)
        }
    }
}

function define(eq) {
    if (eq in page)
        bad(FILENAME ":" FNR ": (" eq ") is also at " page[eq] ":" at[eq])
    page[eq] = FILENAME
    at[eq] = FNR
    start[eq] = begin
    order[++n] = eq
}

# The check before, if it has refused nothing, is a defect.
function end_check() {
    if (open_check != "" && !open_refusals)
        bad(open_check ": no mistake was held against this check")
    open_check = ""
}

FNR == 1 { fence = 0; end_check() }

# A line that was proofread: it belongs to the last equation before it.
FILENAME ~ /proofread\.txt$/ {
    if (split($1, f, ":") >= 2 && $2 == "ok") {
        good++
        good_file[good] = f[1]
        good_line[good] = f[2]
    }
    next
}

FILENAME ~ /\.tsv$/ {
    if (FNR == 1) next
    split($0, f, "\t")
    if (length(f[2]) > 37)
        bad(FILENAME ":" FNR ": more than 37 characters: " f[2])
    if (f[3] == "refutes") {
        if (f[9] == "refuted") { refusals[f[1]]++; open_refusals++ }
        next
    }
    end_check()
    open_check = FILENAME ":" FNR ": (" f[1] ") " f[2]
    open_refusals = 0
    checks[f[1]]++
    if (index(kinds[f[1]], f[3]) == 0)
        kinds[f[1]] = kinds[f[1]] (kinds[f[1]] == "" ? "" : ", ") f[3]
    tested[f[1]] = FILENAME ":" FNR
    next
}

{ cite($0) }

FILENAME ~ /^chapters\/.*\.md$/ && /^```math/ {
    fence = 1
    tag = ""
    defines = 0
    begin = FNR
}
FILENAME ~ /^chapters\/.*\.md$/ && fence {
    if (/:=/) defines = 1
    if (match($0, /\\tag\{[0-9]+\.[0-9]+[a-z]?\}/)) {
        tag = substr($0, RSTART + 5, RLENGTH - 6)
        define(tag)
    }
    if (tag != "" && defines) definition[tag] = 1
}
/^```$/ { fence = 0 }

END {
    end_check()
    for (g = 1; g <= good; g++) {
        last = ""
        for (i = 1; i <= n; i++)
            if (page[order[i]] == good_file[g] && start[order[i]] <= good_line[g] + 0)
                last = order[i]
        lines[last]++
    }
    printf "%-8s %-36s %-32s %6s %8s %6s\n", "equation", "page", "kind",
           "checks", "refusals", "lines"
    for (i = 1; i <= n; i++) {
        eq = order[i]
        kind = kinds[eq]
        if (eq in definition)
            kind = "definition" (kind == "" ? "" : ", ") kind
        else if (!(eq in checks))
            bad(page[eq] ":" at[eq] ": (" eq ") is neither checked nor a definition")
        else
            proved++
        printf "%-8s %-36s %-32s %6d %8d %6d\n", "(" eq ")",
               page[eq] ":" at[eq], kind, checks[eq], refusals[eq], lines[eq]
        all += checks[eq]
        refused += refusals[eq]
    }
    for (eq in cited)
        if (!(eq in page)) bad(cited[eq] ": cites (" eq "), which no page defines")
    for (eq in tested)
        if (!(eq in page)) bad(tested[eq] ": checks (" eq "), which no page defines")
    printf "ledger: %d equations (%d by definition, %d checked), %d checks, " \
           "%d mistakes refused, %d lines proofread\n", n, n - proved, proved,
           all, refused, good
    exit errors > 0
}
