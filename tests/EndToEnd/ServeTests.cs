using System.Diagnostics;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>A backup served as a MongoDB, asked by pymongo over TLS with a password, against its source.</summary>
public sealed class ServeTests
{
    [RealMongoFact]
    public async Task AServedBackupAnswersAsItsSourceDoes()
    {
        await using var mongo = await RealMongo.StartAsync();
        await PythonAsync("fill", mongo.ConnectionString, "-");
        await using var appliance = new ApplianceProcess(mongo.ConnectionString);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();

        var served = (await appliance.RunAsync("serve", "rs0", "--latest")).Succeeded().Json;
        var (uri, password) = (Text(served, "uri"), Text(served, "password"));
        var whole = uri.Replace("backup@", $"backup:{password}@", StringComparison.Ordinal);
        await PythonAsync("compare", mongo.ConnectionString, whole);
        var wrong = uri.Replace("backup@", "backup:notThePassword@", StringComparison.Ordinal);
        await PythonAsync("rejected", "-", wrong);
        LogsOf(appliance).ShouldNotContain(password);

        var listed = (await appliance.RunAsync("serve", "--list")).Succeeded().Json.EnumerateArray().ToList();
        listed.ShouldHaveSingleItem().TryGetProperty("password", out _).ShouldBeFalse("it is shown once");
        (await appliance.RunAsync("serve", "--stop", Text(served, "id"))).Succeeded();
        await PythonAsync("absent", "-", whole);
        (await appliance.RunAsync("serve", "--stop", Text(served, "id"))).ErrorCode.ShouldBe("BK9100");

        var brief = (await appliance.RunAsync("serve", "rs0", "--latest", "--for", "1s", "--no-tls")).Succeeded().Json;
        await Task.Delay(TimeSpan.FromSeconds(2));
        await PythonAsync(
            "absent",
            "-",
            Text(brief, "uri").Replace("backup@", $"backup:{Text(brief, "password")}@", StringComparison.Ordinal)
        );
        (await appliance.RunAsync("serve", "rs0", "--latest", "--address", "0.0.0.0", "--no-tls")).ErrorCode.ShouldBe(
            "BK9102"
        );
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string LogsOf(ApplianceProcess appliance) =>
        appliance.Output
        + string.Concat(
            Directory
                .EnumerateFiles(Path.Combine(appliance.Data, "log"), "*", SearchOption.AllDirectories)
                .Select(static file =>
                {
                    using var reader = new StreamReader(
                        new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
                    );
                    return reader.ReadToEnd();
                })
        );

    private static async Task PythonAsync(params string[] arguments)
    {
        var script = SourceTree.At("tests", "EndToEnd", "pymongo", "serve.py");
        using var process = Process.Start(
            new ProcessStartInfo("/usr/bin/python3", [script, .. arguments])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        (process.ExitCode, await errors).ShouldBe((0, ""), await output);
    }
}
