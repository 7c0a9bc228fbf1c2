using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Holds a restore of a cluster against what a bank must be at any one moment: each account once, the sum of all balances what it always is, and each
/// balance what the transfers that are there make of it. A transfer that is there in part shows in each of them.
/// </summary>
internal static class BankCheck
{
    /// <param name="appliance">Holds the backup.</param>
    /// <param name="cluster">As commands name it.</param>
    /// <param name="bank">Of the source.</param>
    /// <param name="which">The moment: <c>--snapshot</c>, <c>--time</c>, <c>--optime</c> and its value.</param>
    /// <returns>How many transfers are in it.</returns>
    internal static async Task<int> RestoredAsync(
        ApplianceProcess appliance,
        string cluster,
        SandboxBankWorkload bank,
        params string[] which
    )
    {
        using var folder = new TemporaryFolder();
        var dump = folder.File("dump");
        (
            await appliance.RunAsync([
                "restore",
                cluster,
                .. which,
                "--merged",
                "--format",
                "directory",
                "--output",
                dump,
            ])
        ).Succeeded();
        return Check(dump, bank.Total);
    }

    internal static string Id(JsonElement snapshot) => snapshot.GetProperty("id").GetString()!;

    private static int Check(string dump, long total)
    {
        var accounts = Documents(dump, "accounts");
        var balances = new Dictionary<int, long>();
        foreach (var account in accounts)
        {
            balances
                .TryAdd(account.View["_id"u8].AsInt32, account.View["balance"u8].ToInt64())
                .ShouldBeTrue("each account is there once");
        }

        var start = total / balances.Count;
        balances.Keys.Order().ShouldBe(Enumerable.Range(0, balances.Count));
        balances.Values.Sum().ShouldBe(total, "money was made or lost");
        var expected = balances.Keys.ToDictionary(id => id, _ => start);
        var seen = new HashSet<int>();
        foreach (var transfer in Documents(dump, "transfers"))
        {
            seen.Add(transfer.View["_id"u8].AsInt32).ShouldBeTrue("each transfer is there once");
            var amount = transfer.View["amount"u8].AsInt32;
            expected[transfer.View["from"u8].AsInt32] -= amount;
            expected[transfer.View["to"u8].AsInt32] += amount;
        }

        balances.OrderBy(one => one.Key).ShouldBe(expected.OrderBy(one => one.Key), "a transfer is there in part");
        return seen.Count;
    }

    private static List<BsonDocument> Documents(string dump, string collection)
    {
        var documents = new List<BsonDocument>();
        foreach (var document in new BsonSequence(File.ReadAllBytes(Path.Combine(dump, "bank", $"{collection}.bson"))))
        {
            documents.Add(document.ToDocument());
        }

        return documents;
    }
}
