using Backup.Foundation.Errors;
using Backup.Metadata;
using Shouldly;
using Xunit;
using static Backup.Tests.Metadata.SomeStores;

namespace Backup.Tests.Metadata;

/// <summary>Which store a group goes to by its tags.</summary>
public sealed class StoreTagTests
{
    private static readonly IReadOnlyList<TaggedStore> Stores =
    [
        Having("first"),
        Having("fast-b", "ssd", "eu"),
        Having("fast-a", "ssd", "eu", "spare"),
        Having("far", "us"),
    ];

    [Fact]
    public void A_group_stays_where_its_store_has_all_of_its_tags()
    {
        Choose(null).ShouldBeNull("it asks for nothing");
        Choose("far").ShouldBeNull("it asks for nothing");
        Choose("gone").ShouldBeNull("it asks for nothing, though its store is not configured");
        Choose("far", "us").ShouldBeNull();
        Choose("fast-b", "eu", "ssd").ShouldBeNull("though another one has fewer groups");
        StoreTags.Choose("g", ["eu"], null, [Having("only", "eu")], [], 1).ShouldBeNull("the first is where it is");
    }

    [Fact]
    public void Else_it_goes_to_one_that_has_all_of_them()
    {
        Choose(null, "us").ShouldBe("far");
        Choose("fast-b", "us").ShouldBe("far");
        Choose("fast-b", "spare", "ssd").ShouldBe("fast-a");
        Choose("gone", "us").ShouldBe("far", "what a store has that is not configured nobody knows");
    }

    [Fact]
    public void Of_several_to_the_one_with_the_fewest_groups_and_of_these_to_the_first_by_name()
    {
        Choose(null, "ssd").ShouldBe("fast-a");
        StoreTags.Choose("g", ["ssd"], null, Stores, [In("fast-a")], 2).ShouldBe("fast-b");
        StoreTags.Choose("g", ["ssd"], null, Stores, [In("fast-a"), In("fast-b"), In("fast-b")], 4).ShouldBe("fast-a");
        // Groups that were assigned to none are in the first store.
        IReadOnlyList<TaggedStore> both = [Having("a", "eu"), Having("b", "eu"), Having("c")];
        StoreTags.Choose("g", ["eu"], "c", both, [In("b"), In("c")], 3).ShouldBe("a", "one group is in each");
        StoreTags.Choose("g", ["eu"], "c", both, [In("b"), In("c")], 4).ShouldBe("b", "two are in the first");
    }

    [Fact]
    public void Where_no_store_has_all_of_them_the_refusal_names_the_stores_and_what_they_have()
    {
        var refused = Should.Throw<BackupException>(() => Choose("far", "ssd", "us"));
        refused.Number.ShouldBe(MetadataErrors.NoStoreHasTags);
        refused.Field.ShouldBe("tags");
        refused.Message.ShouldContain("'first' has none");
        refused.Message.ShouldContain("'fast-b' has ssd, eu;");
        refused.Message.ShouldContain("(ssd, us)");
    }

    [Theory]
    [InlineData("ssd", true)]
    [InlineData("eu-west-1.b_2", true)]
    [InlineData("0", true)]
    [InlineData("", false)]
    [InlineData("SSD", false)]
    [InlineData("s d", false)]
    [InlineData("a,b", false)]
    [InlineData("a=b", false)]
    [InlineData("größe", false)]
    [InlineData("a\n", false)]
    [InlineData("0123456789012345678901234567890123456789", true)]
    [InlineData("01234567890123456789012345678901234567890", false)]
    public void A_tag_is_a_short_word(string text, bool isTag)
    {
        StoreTags.IsTag(text).ShouldBe(isTag);
        if (isTag)
        {
            StoreTags.Normal([text, text]).ShouldBe([text]);
        }
        else
        {
            Refused([text]).ShouldBe(MetadataErrors.TagsAreWrong);
        }
    }

    [Fact]
    public void They_are_stored_once_each_and_in_order_and_are_not_too_many()
    {
        StoreTags.Normal(["ssd", "eu", "ssd"]).ShouldBe(["eu", "ssd"]);
        var most = Enumerable.Range(0, StoreTags.Most).Select(static n => $"t{n:00}").ToList();
        StoreTags.Normal([.. most, .. most]).ShouldBe(most);
        Refused([.. most, "one-more"]).ShouldBe(MetadataErrors.TagsAreWrong);
        Refused([null]).ShouldBe(MetadataErrors.TagsAreWrong);
    }

    private static int Refused(IEnumerable<string?> tags) =>
        Should.Throw<BackupException>(() => StoreTags.Normal(tags)).Number;

    private static string? Choose(string? present, params string[] tags) =>
        StoreTags.Choose("g", tags, present, Stores, present is null ? [] : [In(present)], 1);

    private static GroupStore In(string store) => new(Guid.NewGuid().ToString("N"), store, [], default);
}
