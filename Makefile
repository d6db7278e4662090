## make chapter1   run chapter 1: print its tables, draw its figures, bring its
##                 page up to date.  make chapter1 ARGS="--steps 250" runs it
##                 with options, under build/args; ARGS="--help" lists them
## make chapters   run every chapter: tables here, figures in build/figures;
##                 touches no tracked file
## make figures    figures for the web (SVG) in build/figures
## make print      figures for paper (vector PDF) in build/print
## make slides     figures for a lecture (PNG, 1920 x 1080) in build/slides
## make test       the unit tests (needs Criterion)
## make seeds      every chapter under 50 fresh seeds (SEEDS=3 for fewer)
## make weave      bring every page and every tracked figure up to date
## make check      fail where a page or figure disagrees with its code, its
##                 output or another page's equations; changes nothing
## make proofread  evaluate both sides of every equation of the pages
## make ledger     every equation with its checks and the mistakes they refuse
## make bench      what engine and laws cost, beside NumPy and PyTorch if they
##                 are here; figures in build/bench/figures
## make lint       strict warnings of gcc and clang, format, cppcheck
## make clean      remove build/

CC       ?= cc
CFLAGS   ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wvla
GSL      := $(shell pkg-config --libs gsl 2>/dev/null)
HEADERS_OF_GSL := $(shell pkg-config --cflags gsl 2>/dev/null)
COMPILE   = $(CC) -Isrc $(CPPFLAGS) $(HEADERS_OF_GSL) \
            $(CFLAGS) -std=c17 -ffp-contract=off -fno-math-errno \
            $(OPENMP)
LIBS      = $(GSL) -lm $(LDLIBS)

# The particle loops run on several threads where the compiler has OpenMP.
OPENMP   := $(shell echo 'int main(void) { return 0; }' | $(CC) -fopenmp \
            -x c - -o /dev/null 2>/dev/null && echo -fopenmp)

# The proofreader's modules are in a library of their own: chapters do not wait
# for them.
READERS  := chance expression latex page relation repair value
MODULES  := $(filter-out $(READERS),$(patsubst src/%.c,%,$(wildcard src/*.c)))
HEADERS  := $(wildcard src/*.h)
STEMS    := $(patsubst chapters/%.c,%,$(wildcard chapters/ch*.c))
FIGURES  := $(patsubst figures/%.gp,%,$(wildcard figures/ch*.gp))
TESTS    := $(patsubst tests/%.c,build/%,$(wildcard tests/test_*.c))
# The pages with regions that make fills.
PAGES    := $(STEMS:%=chapters/%.md) notes/decisions.md README.md
# The sections of all chapters' programs.
SECTIONS := $(wildcard chapters/ch*/*.[ch])
BOOK     := $(wildcard src/book/*)
DATA     := $(wildcard tests/reference/*)

.PHONY: help all chapters figures print slides test seeds weave check \
        proofread ledger bench lint clean
.DELETE_ON_ERROR:
.SECONDARY:

help:
	@sed -n 's/^## \{0,1\}/  /p' Makefile

all: chapters test check

clean:
	rm -rf build

# Everything is written under a name of its own and moved to its place, so that
# an interrupted make, or two at once in one tree, never leave half a file.
new = $@.$$$$.new

# --- library and programs -----------------------------------------------------

build/obj/%.o: src/%.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	@$(if $(GSL),,echo "GSL is not here: sh src/setup.sh installs it" >&2; exit 1)
	@$(COMPILE) $(WARNINGS) -c -o $(new) $< && mv $(new) $@

build/libdm.a: $(MODULES:%=build/obj/%.o)
build/libread.a: $(READERS:%=build/obj/%.o)
build/%.a:
	@rm -f $(new) && $(AR) rcs $(new) $^ && mv $(new) $@

# The long loops are in the library; these compile in two thirds of the time
# at -O1.
build/obj/chapters/%.o: CFLAGS := $(CFLAGS:-O2=-O1)
build/obj/chapters/%.o: chapters/%.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	@$(COMPILE) $(WARNINGS) -c -o $(new) $< && mv $(new) $@

# A chapter's program is chapters/chNN_name.c and its sections, chapters/chNN/*.c.
# It is linked again when a section comes or goes: the folder's time changes.
build/ch%: build/obj/chapters/ch%.o build/libdm.a
	@$(COMPILE) -o $(new) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) && \
	mv $(new) $@

build/proofread: src/book/proofread.c build/libread.a build/libdm.a
	@$(COMPILE) $(WARNINGS) -o $(new) $^ $(LIBS) && mv $(new) $@

build/digits: tests/digits.c build/libdm.a
	@$(COMPILE) $(WARNINGS) -o $(new) $< build/libdm.a $(LIBS) && mv $(new) $@

# --- running the chapters -----------------------------------------------------

# As many threads as the machine has processors; no number depends on it.
ifndef THREADS
THREADS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); \
             [ "$$n" -le 256 ] || n=256; echo "$$n")
endif

# The default run of a chapter; its data and its .tsv come with its .txt.
build/out/%.txt: build/% $(DATA)
	@mkdir -p $(@D)
	@./$< $(if $(filter ch%,$*),--threads $(THREADS)) > $(new); status=$$?; \
	if [ $$status = 0 ]; then mv $(new) $@; \
	else cat $(new); rm -f $(new); exit $$status; fi

# The names of one chapter; $(1) is its stem, say ch01_forward_marginal.
prefix = $(firstword $(subst _, ,$(1)))
number = $(patsubst ch%,%,$(patsubst ch0%,ch%,$(call prefix,$(1))))
drawn  = $(filter $(call prefix,$(1))_%,$(FIGURES))
parts  = $(filter chapters/$(call prefix,$(1))/%.c,$(SECTIONS))
heads  = $(filter chapters/$(call prefix,$(1))/%.h,$(SECTIONS))
objects = $(patsubst %.c,build/obj/%.o,chapters/$(1).c $(call parts,$(1)))

define program
build/$(1): $(call objects,$(1)) $(wildcard chapters/$(call prefix,$(1)))
$(call objects,$(1)): $(call heads,$(1))
endef
$(foreach stem,$(STEMS),$(eval $(call program,$(stem))))

ifeq ($(ARGS),)

# The rules of one chapter: its tables, its figures, its page.
define chapter
.PHONY: chapter$(call number,$(1))
chapter$(call number,$(1)): build/pages/chapters/$(1).md
	@cat build/out/$(1).txt
	@$$(call renew,build/pages/chapters/$(1).md,chapters/$(1).md)
	@$$(foreach f,$(call drawn,$(1)),$$(call renew,build/figures/$$(f).svg,figures/$$(f).svg);)
	@echo "page: chapters/$(1).md"
	@echo "figures:$(patsubst %, figures/%.svg,$(call drawn,$(1)))"
build/pages/chapters/$(1).md: build/out/$(1).txt $(patsubst %,build/figures/%.svg,$(call drawn,$(1)))
$(foreach f,$(call drawn,$(1)),build/figures/$(f).svg build/print/$(f).pdf build/slides/$(f).png): build/out/$(1).txt
endef

chapters: $(STEMS:%=build/out/%.txt) figures
	@for s in $(STEMS); do echo "== $$s =="; cat build/out/$$s.txt; done
	@echo "figures: build/figures/*.svg"

else

# With ARGS a chapter always runs again, and everything goes to build/args.
define chapter
.PHONY: chapter$(call number,$(1))
chapter$(call number,$(1)): build/$(1)
	@mkdir -p build/args/out
	@txt=build/args/out/$(1).txt; new=$$$$txt.$$$$$$$$.new; \
	./build/$(1) --threads $(THREADS) $$(ARGS) --out build/args > $$$$new; status=$$$$?; \
	cat $$$$new; \
	if [ $$$$status = 2 ]; then rm $$$$new; else mv $$$$new $$$$txt; fi; \
	exit $$$$status
	@$$(if $$(findstring --help,$$(ARGS)),,$$(foreach f,$(call drawn,$(1)),$$(call plot,book,build/args,build/args/figures/$$(f),figures/$$(f).gp) &&) echo "figures: build/args/figures/$(call prefix,$(1))_*.svg")
endef

chapters: $(foreach s,$(STEMS),chapter$(call number,$(s)))

endif

# Replaces $(2) by $(1) in one move, only if they differ.
renew = cmp -s $(1) $(2) || { cp $(1) $(2).$$$$.new && mv $(2).$$$$.new $(2); }

# --- figures ------------------------------------------------------------------

# Draws $(4) for medium $(1) from the data under $(2), as $(3) plus .svg, ...
ext_book   = .svg
ext_print  = .pdf
ext_slides = .png
plot = mkdir -p $(dir $(3)) && \
  LC_ALL=C.UTF-8 gnuplot -e "medium='$(1)'; out='$(2)'; picture='$(3).$$$$.new'" $(4) && \
  mv $(3).$$$$.new $(3)$(ext_$(1))

figures: $(FIGURES:%=build/figures/%.svg)
print:   $(FIGURES:%=build/print/%.pdf)
slides:  $(FIGURES:%=build/slides/%.png)

build/figures/%.svg: figures/%.gp figures/style.gp
	@$(call plot,book,build,$(basename $@),$<)
# A PDF names the second it was made: the same for all, so that it is stable.
build/print/%.pdf: figures/%.gp figures/style.gp
	@$(call plot,print,build,$(basename $@),$<)
	@LC_ALL=C sed 's/CreationDate (D:[0-9]*/CreationDate (D:20260101000000/' \
	  $@ > $(new) && mv $(new) $@
build/slides/%.png: figures/%.gp figures/style.gp
	@$(call plot,slides,build,$(basename $@),$<)

# --- pages --------------------------------------------------------------------

weave_page = mkdir -p $(@D) && { awk -f src/book/weave.awk $< > $(new) && \
             mv $(new) $@ || { rm -f $(new); exit 1; }; }

build/pages/chapters/%.md: chapters/%.md src/book/weave.awk \
                  $(wildcard chapters/*.c src/*.[ch] figures/*.gp) $(SECTIONS)
	@$(weave_page)
build/pages/notes/%.md: notes/%.md src/book/weave.awk build/out/digits.txt
	@$(weave_page)
build/pages/README.md: README.md src/book/weave.awk $(STEMS:%=build/out/%.txt)
	@$(weave_page)

$(foreach stem,$(STEMS),$(eval $(call chapter,$(stem))))

weave: $(PAGES:%=build/pages/%) figures
	@set -e; for p in $(PAGES); do $(call renew,build/pages/$$p,$$p); done
	@set -e; for f in $(FIGURES); do \
	  $(call renew,build/figures/$$f.svg,figures/$$f.svg); done

check: $(PAGES:%=build/pages/%) figures build/proofread.txt
	@set -e; for p in $(PAGES); do \
	  diff -u --label "$$p" --label "$$p as its code says (make weave)" \
	    $$p build/pages/$$p; done
	@set -e; for f in $(FIGURES); do \
	  cmp figures/$$f.svg build/figures/$$f.svg; done
	@tail -n 1 build/proofread.txt
	@$(LEDGER) > build/ledger.txt; status=$$?; tail -n 1 build/ledger.txt; \
	exit $$status

proofread: build/proofread.txt
	@cat build/proofread.txt

# A page at a time, so that only those are read again that have changed, and
# two at once under -j; then all their lines and the sum of their last lines.
build/lines/%.txt: chapters/%.md build/proofread
	@mkdir -p $(@D)
	@./build/proofread $< > $(new); status=$$?; \
	if [ $$status = 0 ]; then mv $(new) $@; \
	else grep -E ': (FAIL|unread) ' $(new); rm -f $(new); exit $$status; fi

build/proofread.txt: $(STEMS:%=build/lines/%.txt)
	@awk '!/^proofread: / { print; next } \
	     { n = split(substr($$0, 12), of, ", "); \
	       for (i = 1; i <= n; i++) { \
	         sum[i] += of[i]; sub(/[0-9]+/, "", of[i]); what[i] = of[i] } } \
	     END { printf "proofread:"; for (i = 1; i <= n; i++) \
	             printf " %d%s%s", sum[i], what[i], i < n ? "," : "\n" }' \
	  $^ > $(new) && mv $(new) $@

LEDGER = awk -f src/book/ledger.awk $(wildcard chapters/*.md notes/*.md) \
         README.md $(wildcard src/*.[ch] chapters/*.c tests/*.c figures/*.gp) \
         $(SECTIONS) \
         $(STEMS:%=build/out/%.tsv) build/proofread.txt

ledger: $(STEMS:%=build/out/%.txt) build/proofread.txt
	@$(LEDGER)

# --- tests --------------------------------------------------------------------

# Criterion's macros do not survive -Wconversion.
build/test_%: tests/test_%.c $(wildcard tests/*.h) build/libread.a build/libdm.a
	@pkg-config --exists criterion || { echo \
	  "Criterion is not here: sh src/setup.sh installs it" >&2; exit 1; }
	@$(COMPILE) $(filter-out -Wconversion,$(WARNINGS)) \
	  $(shell pkg-config --cflags criterion) -o $(new) $< $(filter %.a,$^) \
	  $(LIBS) $(shell pkg-config --libs criterion) && mv $(new) $@

test: $(TESTS) $(STEMS:%=build/%) build/proofread
	@set -e; for t in $(TESTS); do ./$$t; done

# Seeds that no page has seen: from the clock, one after the other.
SEEDS = 50
seeds: $(STEMS:%=build/%)
	@now=$$(date +%s); for i in $$(seq $(SEEDS)); do \
	  for s in $(STEMS); do \
	    ./build/$$s --seed $$((now + i)) --out build/seeds > build/seeds.txt || \
	      { grep -e FAIL build/seeds.txt; echo "$$s --seed $$((now + i))"; \
	        exit 1; }; \
	  done; \
	done; echo "seeds: all checks hold under $(SEEDS) fresh seeds from $$((now + 1))"

# --- what it costs ------------------------------------------------------------

build/bench/%: tests/bench/bench_%.c build/libdm.a
	@mkdir -p $(@D)
	@$(COMPILE) $(WARNINGS) -o $(new) $< build/libdm.a $(LIBS) && mv $(new) $@

# The Python that has NumPy or PyTorch may be another than the first in the
# path; without either the table has the engine alone.
OTHERS = numpy torch
bench: build/bench/engine build/bench/law
	@for m in $(OTHERS); do \
	  : > build/bench/$$m.txt; \
	  for python in python3 /usr/bin/python3; do \
	    $$python -c "import $$m" 2>/dev/null || continue; \
	    $$python -B tests/bench/bench_$$m.py > build/bench/$$m.txt; break; \
	  done; \
	done
	@./build/bench/engine build/bench $(OTHERS:%=build/bench/%.txt)
	@echo; ./build/bench/law
	@$(foreach f,particles threads,$(call plot,book,build/bench,build/bench/figures/$(f),tests/bench/$(f).gp) &&) \
	echo "figures: build/bench/figures/*.svg"

# --- lint ---------------------------------------------------------------------

SOURCES := $(wildcard src/*.[ch] src/book/*.c chapters/*.c tests/*.[ch] \
           tests/bench/*.c) $(SECTIONS)
STRICT  := -Isrc $(HEADERS_OF_GSL) -std=c17 -O2 \
           -fsyntax-only -Werror

lint:
	@for cc in gcc clang; do for f in $(filter %.c,$(SOURCES)); do \
	  case $$f in tests/*) w="$(filter-out -Wconversion,$(WARNINGS))";; \
	              *) w="$(WARNINGS) -Wunknown-pragmas";; esac; \
	  openmp=$$([ $$cc = gcc ] && echo -fopenmp || echo -Wno-unknown-pragmas); \
	  $$cc $(STRICT) $$w $$openmp $$f || exit 1; done; done
	@clang-format --dry-run --Werror $(SOURCES)
	@cppcheck --quiet --std=c11 --error-exitcode=1 -Isrc \
	  -D'GSL_ERROR(why,code)=return code' \
	  -D'GSL_ERROR_NULL(why,code)=return NULL' \
	  -D'GSL_ERROR_VAL(why,code,value)=return value' \
	  --enable=warning,performance,portability \
	  --suppress=missingIncludeSystem --suppress=invalidFunctionArg \
	  src/*.c src/book/*.c chapters/*.c $(filter %.c,$(SECTIONS))
	@echo "lint: $(words $(filter %.c,$(SOURCES))) C files, gcc and clang, format, cppcheck"
