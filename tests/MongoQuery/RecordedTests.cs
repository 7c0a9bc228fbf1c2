using Shouldly;
using Xunit;

namespace Backup.Tests.MongoQuery;

/// <summary>
/// The queries that are written down are held against answers of a mongod of 4.2.4 that are written down as well: so a machine without one judges too.
/// With $BACKUP_RECORD_ANSWERS set a mongod is asked, and its answers are recorded anew.
/// </summary>
public class RecordedTests
{
    private static readonly bool Records =
        Environment.GetEnvironmentVariable("BACKUP_RECORD_ANSWERS") is { Length: > 0 };

    [Fact]
    public async Task What_is_answered_is_what_a_server_has_answered()
    {
        if (Records)
        {
            await using var recording = new RecordingServer(await RealServer.StartAsync());
            await AskAsync(new JudgedCollection(recording));
            await recording.SaveAsync();
        }

        await using var server = await RecordedServer.OpenAsync();
        var judged = new JudgedCollection(server);
        await AskAsync(judged);
        judged.Differences.ShouldBeEmpty();
        judged.Unsupported.ShouldBeEmpty("what is written down here is supported");
        server.Asked.Count.ShouldBe(server.Count, "nothing is recorded that is not asked");
        judged.Answered.ShouldBeGreaterThan(1000);
        judged.Refused.ShouldBeGreaterThan(5);
    }

    private static async Task AskAsync(JudgedCollection judged)
    {
        await judged.FillAsync(Samples.Documents());
        await WrittenRun.WhichAsync(judged);
        // A quarter of them, of every form and with every value: their answers are written down whole.
        await judged.FillAsync([.. Samples.Documents().Where(static (_, i) => i % 4 == 0)]);
        await WrittenRun.ShapesAsync(judged);
    }
}
