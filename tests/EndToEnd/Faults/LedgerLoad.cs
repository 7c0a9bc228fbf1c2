using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Shouldly;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>
/// A steady mixed load with <c>w: majority</c>, and the model of what was acknowledged: inserts, deletes, counters, transactions over two collections,
/// collections that come and go. What was not acknowledged may be there or not, but whole and once. Dispose to quiesce.
/// </summary>
internal sealed class LedgerLoad : IAsyncDisposable
{
    private const string Database = "ledger";
    private const int Workers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly MongoClient _client;
    private readonly ConcurrentDictionary<string, Fate> _entries = [];
    private readonly ConcurrentDictionary<string, Fate> _pairs = [];
    private readonly Counter[] _counters = [.. Enumerable.Range(0, Workers).Select(_ => new Counter())];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _acknowledged;
    private int _failed;

    private LedgerLoad(MongoClient client, int seed)
    {
        _client = client;
        _running = Task.WhenAll(
            Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(worker, new Random(seed + worker))))
        );
    }

    internal int Acknowledged => Volatile.Read(ref _acknowledged);

    internal int Failed => Volatile.Read(ref _failed);

    internal static async Task<LedgerLoad> StartAsync(MongoClient client, int seed)
    {
        foreach (var name in new[] { "entries", "left", "right", "counters" })
        {
            await AskAsync(
                client,
                $$"""{"create":"{{name}}","writeConcern":{"w":"majority"} }""",
                CancellationToken.None
            );
        }

        return new LedgerLoad(client, seed);
    }

    /// <summary>Waits until so many more were acknowledged.</summary>
    internal async Task WaitAsync(int more, TimeSpan atMost)
    {
        using var limit = new CancellationTokenSource(atMost);
        for (var target = Acknowledged + more; Acknowledged < target; await Task.Delay(20, limit.Token))
        {
            if (_running.IsCompleted)
            {
                await _running;
            }
        }
    }

    /// <summary>Twice is as good as once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_running.IsCompletedSuccessfully)
        {
            await _stop.CancelAsync();
            await _running;
        }
    }

    /// <summary>Holds a dump against the model of what had been acknowledged by a time.</summary>
    /// <param name="until">A timestamp of the oplog; all, where it is the greatest.</param>
    internal void Check(string dump, ulong until)
    {
        var entries = Ids(dump, "entries");
        entries.Except(_entries.Keys).ShouldBeEmpty("nobody ever wrote these");
        Must(_entries, until).Except(entries).ShouldBeEmpty("acknowledged by a majority, and lost");
        MustNot(_entries, until).Intersect(entries).ShouldBeEmpty("deleted by a majority, and there");

        var (left, right) = (Ids(dump, "left"), Ids(dump, "right"));
        left.Order().ShouldBe(right.Order(), "a transaction is whole or not at all");
        left.Except(_pairs.Keys).ShouldBeEmpty("nobody ever wrote these");
        Must(_pairs, until).Except(left).ShouldBeEmpty("a transaction was acknowledged, and is lost");

        var counters = Documents(dump, "counters").ToDictionary(one => one.View["_id"u8].AsInt32);
        foreach (var (worker, counter) in _counters.Index())
        {
            var n = counters.TryGetValue(worker, out var found) ? found.View["n"u8].AsInt32 : 0;
            n.ShouldBeGreaterThanOrEqualTo(counter.AcknowledgedBy(until), $"counter {worker}");
            n.ShouldBeLessThanOrEqualTo(counter.Most, $"counter {worker}");
            if (n > 0)
            {
                // Each number once: an increment that is applied twice, or left out, shows here.
                var log = new List<int>();
                foreach (var item in found!.View["log"u8].AsDocument)
                {
                    log.Add(item.AsInt32);
                }

                log.ShouldBe(Enumerable.Range(1, n).TakeLast(log.Count), $"counter {worker}");
                log.Count.ShouldBe(Math.Min(n, 50));
            }
        }
    }

    private static IEnumerable<string> Must(ConcurrentDictionary<string, Fate> all, ulong until) =>
        all.Where(one => one.Value.WrittenAt < Never && one.Value.WrittenAt <= until && !one.Value.IsDeleteTried)
            .Select(one => one.Key);

    private static IEnumerable<string> MustNot(ConcurrentDictionary<string, Fate> all, ulong until) =>
        all.Where(one => one.Value.DeletedAt < Never && one.Value.DeletedAt <= until).Select(one => one.Key);

    private static List<string> Ids(string dump, string collection)
    {
        var ids = Documents(dump, collection).Select(document => document.View["_id"u8].AsString).ToList();
        ids.Count.ShouldBe(ids.Distinct().Count(), $"{collection}: each once");
        return ids;
    }

    private static List<BsonDocument> Documents(string dump, string collection)
    {
        var path = Path.Combine(dump, Database, $"{collection}.bson");
        var documents = new List<BsonDocument>();
        foreach (var document in new BsonSequence(File.Exists(path) ? File.ReadAllBytes(path) : []))
        {
            documents.Add(document.ToDocument());
        }

        return documents;
    }

    private async Task WorkAsync(int worker, Random random)
    {
        var session = Guid.NewGuid();
        for (var n = 1; !_stop.IsCancellationRequested; n++)
        {
            var done = random.Next(10) switch
            {
                < 4 => await InsertAsync($"{worker}-{n}"),
                4 => await DeleteAsync(worker, n, random),
                < 7 => await CountAsync(worker),
                < 9 => await TransactionAsync($"{worker}-{n}", session, n),
                _ => await CatalogueAsync(worker, n, random),
            };
            Interlocked.Increment(ref done ? ref _acknowledged : ref _failed);
            await Task.Delay(done ? random.Next(10) : 50);
        }
    }

    private async Task<bool> InsertAsync(string id)
    {
        var fate = _entries[id] = new Fate();
        fate.WrittenAt = await TryAsync(
            $$"""{"insert":"entries","documents":[{"_id":"{{id}}","text":"some {{id}} text"}],"writeConcern":{"w":"majority","wtimeout":5000} }"""
        );
        return fate.WrittenAt != Never;
    }

    private async Task<bool> DeleteAsync(int worker, int n, Random random)
    {
        var id = $"{worker}-{random.Next(1, n + 1)}";
        if (!_entries.TryGetValue(id, out var fate))
        {
            return true;
        }

        fate.IsDeleteTried = true;
        var isWritten = fate.WrittenAt != Never;
        var at = await TryAsync(
            $$"""{"delete":"entries","deletes":[{"q":{"_id":"{{id}}"},"limit":1}],"writeConcern":{"w":"majority","wtimeout":5000} }"""
        );
        // An insert of unknown fate may come after a delete that found nothing.
        fate.DeletedAt = isWritten ? at : fate.DeletedAt;
        return at != Never;
    }

    private async Task<bool> CountAsync(int worker)
    {
        var counter = _counters[worker];
        if (counter.IsUnsure && !await SettleAsync(worker, counter))
        {
            return false;
        }

        var next = counter.Tried + 1;
        counter.Tried = next;
        counter.IsUnsure = true;
        var before = next - 1;
        var at = await TryAsync(
            $$"""
            {"update":"counters","updates":[{"q":{"_id":{{worker}},"n":{{before}} },"u":{"$inc":{"n":1},"$push":{"log":{"$each":[{{next}}],"$slice":-50} } } }],
             "writeConcern":{"w":"majority","wtimeout":5000} }
            """
        );
        if (at == Never)
        {
            return false;
        }

        counter.IsUnsure = false;
        counter.Acknowledge(next, at);
        return true;
    }

    /// <summary>After a write of unknown fate: what a majority has is what counts, and nothing of before is on its way any more.</summary>
    private async Task<bool> SettleAsync(int worker, Counter counter)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            // A write of its own, acknowledged by the majority, makes sure that the primary is one.
            _ = await AskAsync(
                _client,
                $$"""{"update":"counters","updates":[{"q":{"_id":{{worker}} },"u":{"$set":{"seen":{{counter.Tried}} },"$setOnInsert":{"n":0} },"upsert":true}],"writeConcern":{"w":"majority","wtimeout":5000} }""",
                limit.Token
            );
            var reply = await AskAsync(
                _client,
                $$"""{"find":"counters","filter":{"_id":{{worker}} },"readConcern":{"level":"majority"} }""",
                limit.Token
            );
            foreach (var document in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
            {
                counter.Tried = document.AsDocument["n"u8].AsInt32;
                counter.IsUnsure = false;
                return true;
            }

            return false;
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException or UnsureException)
        {
            return false;
        }
    }

    private async Task<bool> TransactionAsync(string id, Guid session, int number)
    {
        var fate = _pairs[id] = new Fate();
        var part = $$"""
            "txnNumber":{"$numberLong":"{{number}}"},"autocommit":false,"lsid":{"id":{"$uuid":"{{session}}"} }
            """;
        var insert = $$"""[{"_id":"{{id}}"}],{{part}}""";
        if (
            await TryAsync($$"""{"insert":"left","documents":{{insert}},"startTransaction":true}""") == Never
            || await TryAsync($$"""{"insert":"right","documents":{{insert}} }""") == Never
        )
        {
            return false;
        }

        fate.WrittenAt = await TryAsync(
            $$"""{"commitTransaction":1,{{part}},"writeConcern":{"w":"majority","wtimeout":5000} }""",
            "admin"
        );
        return fate.WrittenAt != Never;
    }

    private async Task<bool> CatalogueAsync(int worker, int n, Random random)
    {
        const string concern = "\"writeConcern\":{\"w\":\"majority\",\"wtimeout\":5000}";
        var name = $"t{worker}x{random.Next(4)}";
        var at = random.Next(4) switch
        {
            0 => await TryAsync($$"""{"drop":"{{name}}",{{concern}} }"""),
            1 => await TryAsync(
                $$"""{"renameCollection":"{{Database}}.{{name}}","to":"{{Database}}.r{{worker}}x{{random.Next(3)}}","dropTarget":true,{{concern}} }""",
                "admin"
            ),
            2 => await TryAsync(
                $$"""{"createIndexes":"{{name}}","indexes":[{"key":{"n":1},"name":"n"}],{{concern}} }"""
            ),
            _ => await TryAsync($$"""{"insert":"{{name}}","documents":[{"n":{{n}} }],{{concern}} }"""),
        };
        return at != Never;
    }

    private const ulong Never = ulong.MaxValue;

    /// <returns>The time of the answer, where a majority has it; <see cref="Never"/> otherwise.</returns>
    private async Task<ulong> TryAsync(string command, string database = Database)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var reply = await AskAsync(_client, command, limit.Token, database);
            return reply.View["operationTime"u8].AsTimestamp;
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException or UnsureException)
        {
            return Never;
        }
    }

    private static async Task<BsonDocument> AskAsync(
        MongoClient client,
        string command,
        CancellationToken cancellation,
        string database = Database
    )
    {
        using var reply = await client.RunCommandAsync(
            database,
            ExtendedJson.Parse(command),
            ReadTarget.Primary,
            cancellation
        );
        // A counter that is not at the number before was counted up by a request that was thought lost.
        var isMissed = command.Contains("\"updates\"", StringComparison.Ordinal) && reply.View["n"u8].ToInt64() == 0;
        var isSure = !isMissed && !reply.View.Has("writeConcernError"u8) && !reply.View.Has("writeErrors"u8);
        return isSure ? reply.View.ToDocument() : throw new UnsureException();
    }

    /// <summary>It was answered, but not as done by a majority.</summary>
    private sealed class UnsureException : Exception;

    /// <summary>What is known of one document.</summary>
    private sealed class Fate
    {
        internal ulong WrittenAt { get; set; } = Never;

        internal bool IsDeleteTried { get; set; }

        internal ulong DeletedAt { get; set; } = Never;
    }

    /// <summary>One worker's, which only goes up by one.</summary>
    private sealed class Counter
    {
        private readonly ConcurrentQueue<(int Value, ulong At)> _acknowledged = [];

        /// <summary>The number that it is at, or is to be at.</summary>
        internal int Tried
        {
            get;
            set
            {
                field = value;
                Most = Math.Max(Most, value);
            }
        }

        /// <summary>The greatest number that was ever on its way.</summary>
        internal int Most { get; private set; }

        internal bool IsUnsure { get; set; } = true;

        internal void Acknowledge(int value, ulong at) => _acknowledged.Enqueue((value, at));

        internal int AcknowledgedBy(ulong time) =>
            _acknowledged.Where(one => one.At <= time).Select(one => one.Value).DefaultIfEmpty(0).Max();
    }
}
