using Backup.Foundation.Errors;

namespace Backup.Tests.EndToEnd;

/// <summary>Writes without pause while a backup goes on: documents and catalogue, everything that the oplog can carry. Dispose to quiesce.</summary>
internal sealed class LiveWrites : IAsyncDisposable
{
    private const string Database = "live";

    private readonly TestSource _source;
    private readonly Random _random;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _next;
    private int _operations;
    private int _collections;

    private LiveWrites(TestSource source, int seed)
    {
        _source = source;
        _random = new Random(seed);
        _running = Task.Run(WriteAsync);
    }

    internal int Operations => Volatile.Read(ref _operations);

    internal static LiveWrites Start(TestSource source, int seed) => new(source, seed);

    /// <summary>Waits until so many operations more were done.</summary>
    internal async Task WaitAsync(int operations)
    {
        for (var target = Operations + operations; Operations < target; await Task.Delay(20))
        {
            if (_running.IsCompleted)
            {
                await _running;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task WriteAsync()
    {
        await _source.RunAsync(Database, """{"create":"log","capped":true,"size":65536,"max":50}""");
        while (!_stop.IsCancellationRequested)
        {
            await StepAsync(_random.Next(100));
            Interlocked.Increment(ref _operations);
            await Task.Delay(_random.Next(4)).ConfigureAwait(false);
        }
    }

    private Task StepAsync(int dice) =>
        dice switch
        {
            < 40 => _source.InsertAsync(Database, "busy", [SourceContent.Document(_next++, _random, 600)]),
            < 55 => UpdateAsync("""{"$inc":{"n":1},"$set":{"deep.er":[1,{"a":2}],"text":"short"}}"""),
            < 62 => UpdateAsync("""{"$push":{"list":{"$each":[1,2,3],"$slice":-5}},"$unset":{"noise":""}}"""),
            < 67 => UpdateAsync($$"""{"replaced":{{_next}}}"""),
            < 80 => _source.RunAsync(
                Database,
                $$"""{"delete":"busy","deletes":[{"q":{"_id":{{Known()}}},"limit":1}]}"""
            ),
            < 90 => _source.InsertAsync(Database, "log", [SourceContent.Document(_next++, _random, 300)]),
            < 94 => _source.InsertAsync(Database, $"c{_collections}", [SourceContent.Document(_next++, _random, 50)]),
            < 96 => CreateAsync(),
            < 98 => RenameAsync(),
            _ => DropAsync(),
        };

    private int Known() => _random.Next(Math.Max(1, _next));

    private Task UpdateAsync(string change) =>
        _source.RunAsync(Database, $$$"""{"delete":"busy","deletes":[{"q":{"_id":{{{Known()}}}},"limit":1}]}""");

    private async Task CreateAsync()
    {
        var name = $"c{++_collections}";
        await _source.RunAsync(Database, $$"""{"create":"{{name}}"}""");
        await _source.RunAsync(
            Database,
            $$"""{"createIndexes":"{{name}}","indexes":[{"key":{"n":1},"name":"by n"}]}"""
        );
    }

    private Task RenameAsync() =>
        HarmlessAsync(
            "admin",
            $$"""{"renameCollection":"{{Database}}.c{{_collections}}","to":"{{Database}}.renamed{{_next++}}"}"""
        );

    private Task DropAsync() => HarmlessAsync(Database, $$"""{"drop":"c{{_collections}}"}""");

    /// <summary>The collection may be gone already.</summary>
    private async Task HarmlessAsync(string database, string command)
    {
        try
        {
            _ = await _source.RunAsync(database, command);
        }
        catch (BackupException refused) when (refused is MongoWire.Client.CommandException { ServerCode: 26 })
        {
            // NamespaceNotFound.
        }
    }
}
