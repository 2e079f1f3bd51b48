#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Writes src/base/regexp_unicode.def from the tables that perl has of Unicode: general categories,
# scripts and simple case folding, as Go's package unicode names them.
use strict;
use warnings;
use Unicode::UCD qw(prop_invlist prop_invmap prop_value_aliases prop_values);

my $line = "";

sub put {
    my ($text) = @_;
    if (length($line) + length($text) + 1 > 100) {
        print "$line\n";
        $line = "";
    }
    $line .= ($line eq "" ? "" : " ") . $text;
}

sub flush_line {
    print "$line\n" if $line ne "";
    $line = "";
}

sub table {
    my ($name, @list) = @_;
    push @list, 0x110000 if @list % 2;
    print "TABLE($name)\n";
    for (my $i = 0; $i < @list; $i += 2) {
        put(sprintf("R(0x%x, 0x%x)", $list[$i], $list[$i + 1] - 1));
    }
    flush_line();
    print "END\n";
}

print "// SPDX-License-Identifier: Apache-2.0\n";
print "/* Unicode ", Unicode::UCD::UnicodeVersion(), ", written by tools/unicode.pl. */\n";
print "#ifdef TABLE\n";
for my $gc (qw(C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps
               S Sc Sk Sm So Z Zl Zp Zs)) {
    my @list = prop_invlist("General_Category=$gc");
    if ($gc eq "C") {    # Go's has no unassigned code points
        my %flip;
        $flip{$_} ^= 1 for @list, prop_invlist("General_Category=Cn");
        @list = sort { $a <=> $b } grep { $flip{$_} } keys %flip;
    }
    table($gc, @list);
}

sub long_name {
    my @names = prop_value_aliases("sc", $_[0]);
    return $names[1] // $names[0];
}

for my $script (sort grep { defined } map { long_name($_) } prop_values("sc")) {
    next if $script eq "Unknown" || $script eq "Katakana_Or_Hiragana";
    my @list = prop_invlist("Script=$script");
    table($script, @list) if @list;
}
print "#endif\n#ifdef FOLD\n";
my ($starts, $maps, $format, $default) = prop_invmap("Simple_Case_Folding");
my %orbit;
for my $i (0 .. $#$starts) {
    next if $maps->[$i] eq $default;
    my $end = $i == $#$starts ? 0x110000 : $starts->[$i + 1];
    for my $c ($starts->[$i] .. $end - 1) {
        my $to = $maps->[$i] + $c - $starts->[$i];
        push @{$orbit{$to}}, $c if $to != $c;
    }
}
my %next;
for my $to (keys %orbit) {
    my @members = sort { $a <=> $b } $to, @{$orbit{$to}};
    $next{$members[$_]} = $members[($_ + 1) % @members] for 0 .. $#members;
}
put(sprintf("FOLD(0x%x, 0x%x)", $_, $next{$_})) for sort { $a <=> $b } keys %next;
flush_line();
print "#endif\n";
