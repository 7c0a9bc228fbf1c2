using Backup.MongoWire.Bson;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>One kind of write.</summary>
/// <param name="Name">For the count.</param>
/// <param name="Weight">How often it comes, beside the others.</param>
/// <param name="RunAsync">Does it once, with values by chance.</param>
internal sealed record WriteKind(string Name, int Weight, Func<Task> RunAsync);

/// <summary>What the kinds of writes share: the source, the dice, the names.</summary>
internal sealed class WriteContext(TestSource source, Random random)
{
    /// <summary>The documents' own database; it is never dropped.</summary>
    internal const string Live = "live";

    /// <summary>Comes and goes.</summary>
    internal const string Second = "live-2";

    /// <summary>The collection that most writes go to.</summary>
    internal const string Busy = "busy";

    /// <summary>Written to by transactions, in both <see cref="Live"/> and <see cref="Bank"/>; never dropped.</summary>
    internal const string Ledger = "ledger";

    internal const string Bank = "bank";

    private int _next;

    internal TestSource Source { get; } = source;

    internal Random Random { get; } = random;

    /// <summary>The collections that a transaction could not make by itself, and documents for the updates to find.</summary>
    internal async Task PrepareAsync()
    {
        await Source.RunAsync(Live, """{"create":"log","capped":true,"size":65536,"max":50}""");
        await Source.RunAsync(Live, """{"create":"huge"}""");
        // So that there always is a view: an empty list of views is nothing that a restore would make.
        await Source.RunAsync(Live, """{"create":"all","viewOn":"busy","pipeline":[]}""");
        foreach (var database in new[] { Live, Bank })
        {
            await Source.RunAsync(database, $$$"""{"create":"{{{Ledger}}}"}""");
        }

        for (var i = 0; i < 60; i++)
        {
            await Source.RunAsync(
                Live,
                $$$"""{"insert":"{{{Busy}}}","documents":[{"_id":{{{NextId()}}},"n":{{{i}}},"text":"t","list":[{{{i}}},2,700,1]}]}"""
            );
        }
    }

    internal int NextId() => _next++;

    /// <summary>An <c>_id</c> that was given out, rather a new one than an old one.</summary>
    internal int Known() => Random.Next(Random.Next(2) == 0 ? Math.Max(0, _next - 100) : 0, Math.Max(1, _next));

    internal BsonDocument Document(int size) => SourceContent.Document(NextId(), Random, size);

    internal Task InsertAsync(string database, string collection, int size) =>
        Source.InsertAsync(database, collection, [Document(size)]);
}
