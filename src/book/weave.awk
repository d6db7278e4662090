# weave.awk -- fills the generated regions of a chapter page.
#
#   awk -f src/book/weave.awk chapters/ch01_forward_marginal.md > woven.md
#
# A region is whatever stands between an opening comment and <!-- end -->:
#
#   <!-- code FILE NAME -->     lines of FILE between "// snippet: NAME"
#                               and "// end: NAME"
#   <!-- output STEM NAME -->   the table "-- NAME --" of build/out/STEM.txt;
#                               with a number behind NAME, its first lines
#   <!-- figure STEM -->        figures/STEM.svg, captioned by the lines
#                               "# caption: ..." of figures/STEM.gp; the bold
#                               claim is also the picture's alternative text
#
# Weaving twice changes nothing.  A name that is not found stops the build, and
# so does a snippet of more than 15 lines of code.

function die(msg) {
    printf "%s:%d: %s\n", FILENAME, FNR, msg > "/dev/stderr"
    failed = 1
    exit 1
}

function weave_code(file, name,    line, on, n, indent, code, comment) {
    print "```c"
    while ((getline line < file) > 0) {
        if (line ~ "^[ \t]*// end: " name "$") on = 0
        if (on && line !~ /^[ \t]*\/\/ (snippet|end): /) {
            if (n++ == 0) { match(line, /^ */); indent = RLENGTH }
            if (substr(line, 1, indent) ~ /^ *$/)
                line = substr(line, indent + 1)
            print line
            if (line ~ /^ *\/\*/) comment = 1
            if (!comment && line ~ /[^ \t{}]/) code++
            if (line ~ /\*\/ *$/) comment = 0
        }
        if (line ~ "^[ \t]*// snippet: " name "$") on = 1
    }
    close(file)
    print "```"
    if (on || !n) die("no complete snippet '" name "' in " file)
    if (code > 15) die("snippet '" name "' has " code " lines, more than 15")
}

function weave_output(file, name, most,    line, on, n) {
    print "```text"
    while ((getline line < file) > 0) {
        if (line ~ /^-- .* --$/) on = (line == "-- " name " --")
        else if (on && (!most || n < most)) { print line; n++ }
    }
    close(file)
    print "```"
    if (!n) die("no table '" name "' in " file)
}

function weave_figure(stem,    file, line, caption, claim) {
    file = "figures/" stem ".gp"
    while ((getline line < file) > 0)
        if (sub(/^# caption: */, "", line))
            caption = caption (caption == "" ? "" : " ") line
    close(file)
    if (!match(caption, /^\*\*[^*]+\*\*/))
        die("no '# caption: **claim**' in " file)
    claim = substr(caption, 3, RLENGTH - 4)
    gsub(/[`$]/, "", claim)
    printf "![%s](../figures/%s.svg)\n\n%s (`%s`)\n", claim, stem, caption, file
}

skipping && $0 == "<!-- end -->" { skipping = 0; print; next }
skipping { if (/^<!-- (code|output|figure) /) die("region not ended"); next }
{ print }
/^<!-- code /   { weave_code($3, $4); skipping = 1 }
/^<!-- output / {
    weave_output("build/out/" $3 ".txt", $4, $5 + 0)
    skipping = 1
}
/^<!-- figure / { weave_figure($3); skipping = 1 }
END { if (skipping && !failed) die("region not ended") }
