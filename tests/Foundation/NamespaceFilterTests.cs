using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class NamespaceFilterTests
{
    [Theory]
    [InlineData("shop", "shop.orders", true)]
    [InlineData("shop", "shopping.orders", false)]
    [InlineData("shop.*", "shop.a.b", true)]
    [InlineData("shop.orders", "shop.orders", true)]
    [InlineData("shop.orders", "shop.orders2", false)]
    [InlineData("shop.ord*", "shop.orders", true)]
    [InlineData("shop.ord*", "shop.items", false)]
    [InlineData("tenant*", "tenant_1.any", true)]
    [InlineData("*", "any.thing", true)]
    [InlineData("shop.metrics", "shop.system.buckets.metrics", true)]
    [InlineData("shop.with space", "shop.with space", true)]
    public void A_pattern_names_what_it_names(string pattern, string ns, bool expected) =>
        NamespacePattern.Parse(pattern).Matches(ns).ShouldBe(expected);

    [Theory]
    [InlineData("")]
    [InlineData(".orders")]
    [InlineData("shop.")]
    [InlineData("sh*p.orders")]
    [InlineData("shop.*x")]
    [InlineData("a/b.c")]
    public void What_is_no_pattern_is_refused(string text) =>
        Should.Throw<BackupException>(() => NamespacePattern.Parse(text)).Number.ShouldBe(FoundationErrors.BadPattern);

    [Fact]
    public void The_deny_list_wins_and_what_a_restore_needs_is_always_there()
    {
        var filter = NamespaceFilter.Of(["shop.*", "hr.staff"], ["shop.sessions", "shop.tmp_*"]);
        string[] held =
        [
            "shop.orders",
            "hr.staff",
            "hr.system.views",
            "hr.system.js",
            "hr.tmp.agg_out.3",
            "hr.tmpAb1cD.convertToCapped.staff",
            "shop.system.buckets.metrics",
            "admin.system.users",
            "config.settings",
        ];
        string[] not =
        [
            "shop.sessions",
            "shop.system.buckets.sessions",
            "shop.tmp_x",
            "hr.pay",
            "other.a",
            "other.system.views",
            "hr.tmpfile.x",
        ];
        held.Where(ns => !filter.Includes(ns)).ShouldBeEmpty();
        not.Where(filter.Includes).ShouldBeEmpty();
        NamespaceFilter
            .Of([], ["shop"])
            .Includes("shop.system.views")
            .ShouldBeFalse("nothing of that database is held");
        NamespaceFilter.Everything.Includes("any.thing").ShouldBeTrue();
    }

    [Fact]
    public void A_filter_covers_another_where_the_lists_prove_it()
    {
        var all = NamespaceFilter.Everything;
        var shop = NamespaceFilter.Of(["shop"], []);
        var less = NamespaceFilter.Of(["shop.orders"], []);
        var without = NamespaceFilter.Of(["shop"], ["shop.o*"]);
        all.Covers(shop).ShouldBeTrue();
        shop.Covers(all).ShouldBeFalse();
        shop.Covers(less).ShouldBeTrue();
        less.Covers(shop).ShouldBeFalse();
        shop.Covers(without).ShouldBeTrue();
        without.Covers(shop).ShouldBeFalse();
        without.Covers(NamespaceFilter.Of(["shop"], ["shop"])).ShouldBeTrue();
        all.Covers(all).ShouldBeTrue();
    }

    [Fact]
    public void A_widened_filter_copies_what_is_new_alone()
    {
        var (before, after) = (NamespaceFilter.Of(["shop"], ["shop.sessions"]), NamespaceFilter.Of(["shop", "hr"], []));
        var selects = new CopyOrder([], after, [before, after]).Selector();
        selects("shop.sessions").ShouldBeTrue();
        selects("hr.staff").ShouldBeTrue();
        selects("shop.orders").ShouldBeFalse("it is held");
        selects("other.a").ShouldBeFalse();
        new CopyOrder(["shop.sessions"], before).Selector()("shop.sessions").ShouldBeFalse("it is left out");
        FilterText.Fingerprint(null).ShouldBe(FilterText.Fingerprint(NamespaceFilter.Everything));
        FilterText.Fingerprint(before).ShouldNotBe(FilterText.Fingerprint(after));
    }
}
