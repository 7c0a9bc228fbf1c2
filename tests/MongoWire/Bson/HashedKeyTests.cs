using System.Globalization;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Bson;

public sealed class HashedKeyTests
{
    public static TheoryData<string, long, string> Recorded()
    {
        var data = new TheoryData<string, long, string>();
        foreach (
            var line in File.ReadLines(SourceTree.At("tests", "MongoWire", "Bson", "Recorded", "hashed-keys.txt"))
                .Where(static line => !line.StartsWith('#'))
        )
        {
            var parts = line.Split(' ', 4);
            data.Add(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture), parts[3]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void A_value_is_hashed_as_the_server_hashes_it(string document, long hash, string value)
    {
        var element = new BsonView(Convert.FromBase64String(document)).First;
        HashedKey.Of(element).ShouldBe(hash, value);
    }
}
