using System.Globalization;
using System.Text;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;

namespace Backup.Tests.MongoQuery;

/// <summary>
/// The answers of a mongod, written down: a line for the query, after how many documents there were, and a line for what came of it.
/// <c>= 0-3 7</c> are the documents with these <c>_id</c>s as they were stored, <c>! 2</c> is a refusal with that code, everything else the documents, or
/// values, themselves.
/// </summary>
internal sealed class RecordedServer(IReadOnlyDictionary<string, string> answers) : IJudge
{
    internal static readonly string File = SourceTree.At("tests", "MongoQuery", "answers-of-mongod-4.2.4.txt");

    private IReadOnlyList<BsonDocument> _documents = [];

    /// <summary>Queries that it was asked.</summary>
    internal HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    internal int Count => answers.Count;

    internal static async Task<RecordedServer> OpenAsync()
    {
        var lines = await System.IO.File.ReadAllLinesAsync(File);
        return new RecordedServer(
            lines.Chunk(2).ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal)
        );
    }

    public Task FillAsync(IReadOnlyList<BsonDocument> documents)
    {
        _documents = documents;
        return Task.CompletedTask;
    }

    public Task<Answer> AskAsync(string query, Action<BsonWriter> command)
    {
        var key = Key(_documents, query);
        Asked.Add(key);
        return Task.FromResult(
            answers.TryGetValue(key, out var answer)
                ? Read(answer)
                : throw new InvalidOperationException($"No answer is recorded; record them again: {key}")
        );
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal static string Key(IReadOnlyList<BsonDocument> documents, string query) =>
        string.Create(CultureInfo.InvariantCulture, $"{documents.Count} {query}");

    internal static string Write(IReadOnlyList<BsonDocument> stored, Answer answer)
    {
        if (answer.Documents is not { } documents)
        {
            return $"! {answer.Failure.Split(' ')[0]}";
        }

        return documents.All(one => Place(stored, one) >= 0)
            ? $"={Ranges([.. documents.Select(one => Place(stored, one))])}"
            : $"[{string.Join(',', documents.Select(static one => ExtendedJson.ToText(one.View, ExtendedJsonMode.Canonical)))}]";
    }

    private Answer Read(string answer)
    {
        if (answer[0] == '!')
        {
            return new Answer(null, answer[2..], IsUnsupported: false);
        }

        if (answer[0] == '=')
        {
            return new Answer([.. Places(answer[1..]).Select(place => _documents[place])], "", IsUnsupported: false);
        }

        var documents = new List<BsonDocument>();
        foreach (var item in ExtendedJson.ParseArray(answer).View)
        {
            documents.Add(item.AsDocument.ToDocument());
        }

        return new Answer(documents, "", IsUnsupported: false);
    }

    /// <summary>Documents are stored with their place as the <c>_id</c>; -1 where this is none of them as it was stored.</summary>
    private static int Place(IReadOnlyList<BsonDocument> stored, BsonDocument document) =>
        document.View.TryGet("_id"u8, out var id)
        && id.Type == BsonType.Int32
        && id.AsInt32 < stored.Count
        && stored[id.AsInt32] == document
            ? id.AsInt32
            : -1;

    private static string Ranges(List<int> places)
    {
        var text = new StringBuilder();
        for (var i = 0; i < places.Count; i++)
        {
            var from = i;
            while (i + 1 < places.Count && places[i + 1] == places[i] + 1)
            {
                i++;
            }

            text.Append(CultureInfo.InvariantCulture, $" {places[from]}");
            if (i > from)
            {
                text.Append(CultureInfo.InvariantCulture, $"-{places[i]}");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<int> Places(string ranges) =>
        ranges
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static range =>
                range.Split('-').Select(static one => int.Parse(one, CultureInfo.InvariantCulture)).ToArray()
            )
            .SelectMany(static range => Enumerable.Range(range[0], range[^1] - range[0] + 1));
}

/// <summary>A server whose answers are written down.</summary>
internal sealed class RecordingServer(IJudge server) : IJudge
{
    private readonly List<string> _lines = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private IReadOnlyList<BsonDocument> _documents = [];

    internal Task SaveAsync() => File.WriteAllLinesAsync(RecordedServer.File, _lines);

    public Task FillAsync(IReadOnlyList<BsonDocument> documents)
    {
        _documents = documents;
        return server.FillAsync(documents);
    }

    public async Task<Answer> AskAsync(string query, Action<BsonWriter> command)
    {
        var answer = await server.AskAsync(query, command);
        if (!answer.IsUnsupported && _known.Add(RecordedServer.Key(_documents, query)))
        {
            _lines.Add(RecordedServer.Key(_documents, query));
            _lines.Add(RecordedServer.Write(_documents, answer));
        }

        return answer;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
