using Backup.MongoWire.Bson;
using Backup.Snapshots.Keys;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

public sealed class DocumentKeyTests
{
    [Fact]
    public void Keys_sort_as_the_servers_order_of_values_does_for_every_pair_of_types()
    {
        var values = new Values(seed: 1);
        var documents = Enumerable.Range(0, 1200).Select(_ => values.Document()).ToArray();
        var keys = documents.Select(one => DocumentKey.Of(one.View)).ToArray();
        for (var i = 0; i < documents.Length; i++)
        {
            for (var j = 0; j < documents.Length; j += 3)
            {
                var expected = Math.Sign(
                    BsonOrder.CompareValues(documents[i].View["_id"u8], documents[j].View["_id"u8])
                );
                var actual = Math.Sign(keys[i].AsSpan().SequenceCompareTo(keys[j]));
                if (actual != expected)
                {
                    var (left, right) = (
                        ExtendedJson.ToText(documents[i].View),
                        ExtendedJson.ToText(documents[j].View)
                    );
                    Assert.Fail($"{left} against {right}: {actual}, expected {expected}");
                }
            }
        }
    }

    [Theory]
    [InlineData("""{"_id": 1}""", "2280010B00")]
    [InlineData("""{"_id": 120}""", "2280030D00")]
    [InlineData("""{"_id": -1}""", "207FFEF4FF")]
    [InlineData("""{"_id": 0}""", "21")]
    [InlineData("""{"_id": {"$oid": "0102030405060708090a0b0c"}}""", "640102030405060708090A0B0C")]
    [InlineData("""{"_id": "a"}""", "3C6100")]
    public void Key_bytes_are_frozen(string json, string hex) =>
        Convert.ToHexString(DocumentKey.Of(ExtendedJson.Parse(json).View)).ShouldBe(hex);

    [Theory]
    [InlineData("", 0UL)]
    [InlineData("abc", 10481687846975894741UL)]
    [InlineData("abcdefghij", 4038719582402616839UL)]
    public void The_hash_that_cuts_blocks_is_frozen(string key, ulong hash) =>
        KeyHash.Of(System.Text.Encoding.ASCII.GetBytes(key)).ShouldBe(hash);

    [Fact]
    public void A_document_without_id_is_refused() =>
        Should
            .Throw<Backup.Foundation.Errors.BackupException>(() => DocumentKey.Of(BsonDocument.Empty.View))
            .Number.ShouldBe(Backup.Snapshots.SnapshotsErrors.NoId);
}
