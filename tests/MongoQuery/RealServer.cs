using System.Globalization;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;

namespace Backup.Tests.MongoQuery;

/// <summary>Whoever knows what a MongoDB server answers.</summary>
internal interface IJudge : IAsyncDisposable
{
    /// <summary>From now on these are all documents.</summary>
    Task FillAsync(IReadOnlyList<BsonDocument> documents);

    /// <param name="query">As a person reads it; of one filling no two are alike.</param>
    /// <param name="command">As a server is sent it.</param>
    Task<Answer> AskAsync(string query, Action<BsonWriter> command);
}

/// <summary>A real mongod.</summary>
internal sealed class RealServer : IJudge
{
    internal const string Collection = "judged";

    private static readonly MongoClientOptions Impatient = new() { ServerSelectionTimeout = TimeSpan.FromSeconds(3) };

    private RealMongo _mongo;
    private MongoClient _client;
    private IReadOnlyList<BsonDocument> _documents = [];

    private RealServer(RealMongo mongo, MongoClient client) => (_mongo, _client) = (mongo, client);

    internal static async Task<RealServer> StartAsync()
    {
        var mongo = await RealMongo.StartAsync();
        return new RealServer(mongo, await OpenAsync(mongo));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _mongo.DisposeAsync();
    }

    public async Task FillAsync(IReadOnlyList<BsonDocument> documents)
    {
        _documents = documents;
        await StoreAsync();
    }

    public Task<Answer> AskAsync(string query, Action<BsonWriter> command) => AskAsync(command);

    private static Task<MongoClient> OpenAsync(RealMongo mongo) =>
        MongoClient.OpenAsync(ConnectionString.Parse(mongo.ConnectionString), Impatient, CancellationToken.None);

    private async Task StoreAsync()
    {
        await SucceedAsync(w => w.String("drop"u8, Collection), mayFail: true);
        foreach (var chunk in _documents.Chunk(1000))
        {
            await SucceedAsync(w =>
            {
                w.String("insert"u8, Collection).BeginArray("documents"u8);
                Span<byte> scratch = stackalloc byte[11];
                foreach (var document in chunk)
                {
                    w.Document(w.ArrayItemName(scratch), document);
                }

                w.EndArray();
            });
        }
    }

    private async Task SucceedAsync(Action<BsonWriter> command, bool mayFail = false)
    {
        var answer = await AskAsync(command);
        if (answer.Documents is null && !mayFail)
        {
            throw new InvalidOperationException(answer.Failure);
        }
    }

    private async Task<Answer> AskAsync(Action<BsonWriter> command)
    {
        try
        {
            using var reply = await _client.RunCommandAsync(
                "test",
                BsonDocument.Build(command),
                ReadTarget.Primary,
                CancellationToken.None
            );
            if (reply.View.TryGet("writeErrors"u8, out var errors))
            {
                throw new InvalidOperationException(ExtendedJson.ToText(errors.AsDocument));
            }

            return new Answer(
                reply.View.TryGet("cursor"u8, out var cursor)
                        ? JudgedCollection.Items(cursor.AsDocument["firstBatch"u8])
                    : reply.View.TryGet("values"u8, out var values) ? JudgedCollection.Items(values)
                    : [],
                "",
                IsUnsupported: false
            );
        }
        catch (CommandException failure)
        {
            // Its planner of indexes gives up on some filters that it parses.
            return new Answer(
                null,
                string.Create(CultureInfo.InvariantCulture, $"{failure.ServerCode} {failure.ServerMessage}"),
                IsUnsupported: failure.ServerMessage.StartsWith("Indexed negation", StringComparison.Ordinal)
            );
        }
        catch (BackupException failure)
        {
            Console.WriteLine(
                $"the server died of {ExtendedJson.ToText(BsonDocument.Build(command).View)}: {failure.Message}"
            );
            await DisposeAsync();
            _mongo = await RealMongo.StartAsync();
            _client = await OpenAsync(_mongo);
            await StoreAsync();
            return new Answer(null, "the server died", IsUnsupported: true);
        }
    }
}
