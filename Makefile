# SPDX-License-Identifier: Apache-2.0
# Coxswain. `make` leaves the program at build/coxswain; `make unit` runs every unit test,
# `make unit-store` those of one layer. `make SAN=address,undefined ...` builds beside, in
# build/san-address-undefined. CC=clang builds beside too.
#
# Every folder under src/ is a layer and becomes one archive. A unit test is linked with its own
# layer and those before it only, so an upward call does not link.
#
# Two makes may run at once, and options may change between two runs: objects depend on the options
# they were compiled with, archives on their list of objects, and an archive is as old as the moment
# its making began, so that an object that changed meanwhile is newer.

MAKEFLAGS += --no-builtin-rules
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
OPT     ?= -O2
comma   := ,
VARIANT := $(if $(filter-out gcc,$(CC)),$(CC)-)$(if $(SAN),san-$(subst $(comma),-,$(SAN)))
B       := build$(if $(VARIANT),/$(patsubst %-,%,$(VARIANT)))

LAYERS     := base loop net schema cel api store client
COMPONENTS := apiserver controllers scheduler kubelet server

CPPFLAGS := -Isrc -Itest -D_GNU_SOURCE -Ulinux -Uunix -MMD -MP
WARN     := -Wall -Wextra -Werror -Wno-unused-parameter -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral -Wswitch-enum \
            -Wno-missing-field-initializers
CFLAGS   := -std=gnu17 $(OPT) -g -fsigned-char -fno-strict-aliasing -fstack-protector-strong \
            -fno-omit-frame-pointer -ffunction-sections -fdata-sections -fPIE -pthread $(WARN)
LDFLAGS  := -pie -pthread -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now
LIBS_base   := -lxxhash -lm
LIBS_net    := -lssl -lcrypto -lnghttp2 -lz
LIBS_schema := -lyaml
LIBS_cel    := -lm
LIBS_store  := -lsqlite3
LIBS        := $(LIBS_base) $(LIBS_net) $(LIBS_schema) $(LIBS_cel) $(LIBS_store)
ifneq ($(SAN),)
CFLAGS  += -fsanitize=$(SAN) -fno-sanitize-recover=all
# With a sanitizer gcc knows less about values and warns of what cannot be.
CFLAGS  += $(if $(findstring clang,$(CC)),,-Wno-format-truncation -Wno-maybe-uninitialized)
LDFLAGS += -fsanitize=$(SAN)
else
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

Q := $(if $(V),,@)
QUIET := $(V)$(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS))))
srcs_of = $(sort $(shell find src/$(1) -name '*.c' 2>/dev/null))
objs_of = $(patsubst %.c,$(B)/obj/%.o,$(filter-out src/server/main.c,$(call srcs_of,$(1))))
lib_of  = $(B)/lib$(1).a

ALL := $(LAYERS) $(COMPONENTS)
ARCHIVES := $(foreach l,$(ALL),$(call lib_of,$(l)))

.PHONY: all unit clean format check fuzz bench e2e FORCE
.SECONDARY:
all: $(B)/coxswain

# Writes $(1) to the target when it says something else now.
keep = mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@

# NAME, objects
define archive_rule
OBJS_$(1) := $(2)
$(B)/$(1).list: FORCE
	@$$(call keep,$$(OBJS_$(1)))
$(B)/lib$(1).a: $(2) $(B)/$(1).list
	$$(Q)new=$$@.$$$$$$$$; : >$$$$new.begin && ar rcsD $$$$new $$(OBJS_$(1)) && \
	touch -r $$$$new.begin $$$$new && mv $$$$new $$@ && rm $$$$new.begin
endef
$(foreach l,$(ALL),$(eval $(call archive_rule,$(l),$(call objs_of,$(l)))))

$(B)/options: FORCE
	@$(call keep,$(CC) $(CPPFLAGS) $(CFLAGS))

$(B)/obj/%.o: %.c $(B)/options
	@mkdir -p $(@D)
	$(if $(QUIET),,@echo "  CC $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(B)/coxswain: $(B)/obj/src/server/main.o $(ARCHIVES)
	$(if $(QUIET),,@echo "  LD $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

# What tests share (test/*.c); an archive, so that a test links only what it uses.
$(eval $(call archive_rule,test,$(patsubst %.c,$(B)/obj/%.o,$(wildcard test/*.c))))

# Unit tests: test/unit/LAYER/test_x.c
upto = $(if $(filter $(1),$(LAYERS)),$(shell echo "$(LAYERS)" | sed 's/\b$(1)\b.*/$(1)/'),$(if $(filter server,$(1)),$(ALL),$(LAYERS) $(1)))
define test_rules
TESTS_$(1) := $$(patsubst test/unit/$(1)/%.c,$(B)/test/$(1)/%,$$(wildcard test/unit/$(1)/test_*.c))
$(B)/test/$(1)/%: $(B)/obj/test/unit/$(1)/%.o $(B)/libtest.a $(foreach l,$(call upto,$(1)),$(call lib_of,$(l)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $(B)/libtest.a $(foreach l,$(call upto,$(1)),$(call lib_of,$(l))) -Wl,--end-group $$(LIBS)
.PHONY: unit-$(1)
unit-$(1): $$(TESTS_$(1))
	@if [ -n "$$^" ]; then prove --exec '' $$^; else echo "no tests in $(1)"; fi
endef
$(foreach l,$(ALL),$(eval $(call test_rules,$(l))))

# Tests of several components in one process: test/sim/test_x.c
TESTS_sim := $(patsubst test/sim/%.c,$(B)/test/sim/%,$(wildcard test/sim/test_*.c))
$(B)/test/sim/%: $(B)/obj/test/sim/%.o $(B)/libtest.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(B)/libtest.a $(ARCHIVES) -Wl,--end-group $(LIBS)
.PHONY: unit-sim
unit-sim: $(TESTS_sim)
	@if [ -n "$^" ]; then prove --exec '' $^; else echo "no simulations"; fi

# The fuzzers as tests: fuzz/fuzz_x.c over fuzz/corpus/x
TESTS_fuzz := $(patsubst fuzz/fuzz_%.c,$(B)/test/fuzz/%,$(wildcard fuzz/fuzz_*.c))
$(B)/test/fuzz/%: $(B)/obj/fuzz/fuzz_%.o $(B)/obj/fuzz/replay.o $(B)/libtest.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(B)/obj/fuzz/replay.o -Wl,--start-group $(B)/libtest.a $(ARCHIVES) -Wl,--end-group $(LIBS)
.PHONY: unit-fuzz
unit-fuzz: $(TESTS_fuzz)
	@prove --exec '' $^

ALL_TESTS := $(foreach l,$(ALL),$(TESTS_$(l))) $(TESTS_sim) $(TESTS_fuzz)
.PHONY: tests
tests: $(ALL_TESTS)
unit: $(ALL_TESTS)
	@prove --exec '' $(ALL_TESTS)

# For script/test.
TSAN_TESTS := $(filter $(B)/test/loop/% $(B)/test/store/% $(B)/test/client/%,$(ALL_TESTS))
.PHONY: list-tests tsan-tests list-tsan-tests
list-tests:
	@echo $(ALL_TESTS)
tsan-tests: $(TSAN_TESTS)
list-tsan-tests:
	@echo $(TSAN_TESTS)

# Programs that measure: bench/x.c -> build/bench/x
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))
$(B)/bench/%: $(B)/obj/bench/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)
bench: $(BENCHES)

# Fuzzers need clang: make CC=clang SAN=fuzzer,address,undefined fuzz, or script/fuzz.
FUZZERS := $(patsubst fuzz/%.c,$(B)/fuzz/%,$(wildcard fuzz/fuzz_*.c))
$(B)/fuzz/%: $(B)/obj/fuzz/%.o $(B)/libtest.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(B)/libtest.a $(ARCHIVES) -Wl,--end-group $(LIBS)
.PHONY: list-fuzzers
list-fuzzers:
	@echo $(FUZZERS)
fuzz: $(FUZZERS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
check:
	script/check
clean:
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
