using Backup.Daemon.Targets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>Which refusals of a batch that is sent again say that a document is there already.</summary>
public sealed class DocumentLoaderTests
{
    [Theory]
    [InlineData("E11000 duplicate key error collection: shop.c index: _id_ dup key: { _id: 1 }", true)]
    [InlineData("E11000 duplicate key error collection: shop.clustered dup key: { _id: 1 }", true)]
    [InlineData("E11000 duplicate key error collection: shop.c index: _id_x dup key: { x: 1 }", false)]
    [InlineData("E11000 duplicate key error collection: shop.c index: name_1 dup key: { name: \"a\" }", false)]
    public void A_duplicate_of_the_key_is_one_whether_or_not_its_index_is_named(string said, bool isOfId) =>
        DocumentLoader.IsOfId(said).ShouldBe(isOfId);
}
