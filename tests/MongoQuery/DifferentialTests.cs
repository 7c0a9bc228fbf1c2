using System.Globalization;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.MongoQuery;

/// <summary>
/// Every query is asked of a real server, too, which is right. $BACKUP_QUERY_SEED names another seed, $BACKUP_QUERY_ROUNDS how many random queries of
/// each kind there are.
/// </summary>
public class DifferentialTests
{
    private static readonly int Seed = Setting("BACKUP_QUERY_SEED", 1);
    private static readonly int Rounds = Setting("BACKUP_QUERY_ROUNDS", 100);

    [RealMongoFact]
    public async Task What_is_answered_is_what_a_server_answers()
    {
        await using var server = await RealServer.StartAsync();
        var judged = new JudgedCollection(server);
        var random = new Random(Seed);
        await judged.FillAsync(Samples.Documents());
        await WrittenRun.AskAsync(judged);
        var written = judged.Answered;
        List<string> unsupported = [.. judged.Unsupported];
        await RandomAsync(judged, new QueryGenerator(random));
        await judged.FillAsync([
            .. Enumerable.Range(0, 400).Select(_ => ExtendedJson.Parse(Samples.Document(random, 0))),
        ]);
        await RandomAsync(judged, new QueryGenerator(random));
        var sum =
            $"seed {Seed}: {judged.Answered} answered ({written} written), {judged.Refused} refused by both, {judged.Unsupported.Count} not supported, {judged.Differences.Count} different";
        Console.WriteLine(sum);
        judged.Differences.Count.ShouldBe(0, sum + "\n" + string.Join('\n', judged.Differences.Take(40)));
        unsupported.ShouldBeEmpty("what is written down here is supported");
        judged.Answered.ShouldBeGreaterThan(5 * Rounds, sum);
    }

    private static async Task RandomAsync(JudgedCollection judged, QueryGenerator generator)
    {
        for (var i = 0; i < Rounds; i++)
        {
            await judged.FindAsync(ExtendedJson.Parse(generator.Filter()));
            await judged.FindAsync(ExtendedJson.Parse(generator.Filter()), ExtendedJson.Parse(generator.Sort()));
            await judged.FindAsync(null, null, ExtendedJson.Parse(generator.Projection()));
            var (stages, ordered) = generator.Pipeline();
            await judged.AggregateAsync(ExtendedJson.ParseArray(stages), ordered);
            await judged.DistinctAsync(generator.Path(), ExtendedJson.Parse(generator.Filter()));
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
