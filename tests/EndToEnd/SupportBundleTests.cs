using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>A support bundle of an appliance that was given secrets of every kind: none of them is in any byte of it.</summary>
public sealed class SupportBundleTests
{
    private const string Source = "qW7-source-password";
    private const string Mail = "eR8-mail-password";
    private const string Hook = "tY9-hook-path";
    private const string HookKey = "uI0-hook-signing-key";
    private const string Ssh = "oP1-ssh-password";
    private const string Person = "seven otters sing at night";

    [Fact]
    public async Task NoSecretOfASetUpIsInAnyByteOfItsBundle()
    {
        using var files = new TemporaryFolder();
        var master = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()) + new string('5', 32);
        await using var appliance = new ApplianceProcess(
            $"mongodb://keeper:{Source}@127.0.0.1:9/?replicaSet=rs0&connectTimeoutMS=200"
        );
        appliance.Variables["BACKUP_LOG_LEVEL"] = "debug";
        appliance.Variables["BACKUP_ENCRYPTION"] = "on";
        appliance.Variables["BACKUP_ENCRYPTION_KEY_COMMAND"] = $"echo {master}";
        appliance.Up("--json");
        await appliance.WaitForOutputAsync("\"setup\"");
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["source"] = Source,
            ["master"] = master,
            ["setup"] = appliance.Output.Split("token=")[1].Split('"')[0],
        };
        await SetUpAsync(appliance, files, secrets);

        // As if somebody had logged what must not be logged.
        await File.WriteAllTextAsync(
            Path.Combine(appliance.Data, "log", "backup-planted.log"),
            $"connecting to mongodb://keeper:{Source}@db1/\nmail: password={Mail}\n"
        );
        var output = files.File("bundle.zip");
        var made = (await appliance.RunAsync("support-bundle", "--output", output)).Succeeded().Json;
        made.GetProperty("bytes").GetInt64().ShouldBe(new FileInfo(output).Length);

        var parts = Read(output);
        parts["planted"] = parts["log/backup-planted.log"];
        Encoding.UTF8.GetString(parts["planted"]).ShouldContain("connecting to mongodb://");
        foreach (var name in new[] { "manifest.json", "appliance.json", "process.json", "status.json", "jobs.json" })
        {
            JsonDocument.Parse(parts[name]).RootElement.ValueKind.ShouldNotBe(JsonValueKind.Null);
        }

        Encoding.UTF8.GetString(parts["configuration.json"]).ShouldContain("encryption.key_command");
        parts.Keys.Count(static one => one.StartsWith("log/", StringComparison.Ordinal)).ShouldBeGreaterThan(1);
        parts["the archive itself"] = await File.ReadAllBytesAsync(output);
        secrets.Count.ShouldBeGreaterThan(10);
        Leaks(secrets, parts).ShouldBeEmpty();

        // The judge finds what is there: the appliance's own folder holds some of them.
        var kept = new Dictionary<string, byte[]> { ["agent"] = AgentFile(appliance.Data) };
        Leaks(secrets, kept).ShouldNotBeEmpty();
        (await appliance.RunAsync("audit")).Succeeded().Output.ShouldContain("appliance.support-bundle");
    }

    private static async Task SetUpAsync(
        ApplianceProcess appliance,
        TemporaryFolder files,
        Dictionary<string, string> secrets
    )
    {
        secrets["mail"] = Mail;
        (
            await appliance.RunWithInputAsync(
                Mail,
                ["alerts", "mail", "set", "127.0.0.1", "--port", "9", "--from", "a@example.org", "--user", "keeper"]
            )
        ).Succeeded();
        (secrets["hook"], secrets["hook key"]) = (Hook, HookKey);
        await File.WriteAllTextAsync(files.File("key"), HookKey);
        string[] hook = ["--webhook", $"http://127.0.0.1:9/{Hook}", "--secret-file", files.File("key"), "--appliance"];
        (await appliance.RunAsync(["alerts", "channels", "add", "pager", .. hook])).Succeeded();
        (await appliance.RunAsync("alerts", "test", "pager")).ExitCode.ShouldNotBe(0, "nobody listens there");
        secrets["person"] = Person;
        (await appliance.RunWithInputAsync(Person, "people", "add", "ada@example.org")).Succeeded();
        secrets["ssh"] = Ssh;
        await File.WriteAllTextAsync(files.File("ssh"), Ssh);
        _ = await appliance.RunAsync([
            "ssh",
            "targets",
            "add",
            "vault",
            "--host",
            "u@127.0.0.1:9",
            "--folder",
            "/x",
            "--password-file",
            files.File("ssh"),
        ]);
        var token = (await appliance.RunAsync("agents", "token")).Succeeded().Json.GetProperty("token").GetString()!;
        (secrets["enrolment"], secrets["enrolment secret"]) = (token, token.Split('.')[2]);
        using (var identity = JsonDocument.Parse(await EnrolledAsync(appliance.Data)))
        {
            foreach (var one in identity.RootElement.EnumerateObject())
            {
                if (
                    one.Value.ValueKind == JsonValueKind.String
                    && one.Name.Contains("key", StringComparison.OrdinalIgnoreCase)
                )
                {
                    secrets[$"agent's {one.Name}"] = one.Value.GetString()!;
                }
            }
        }

        secrets.Keys.ShouldContain(static one => one.StartsWith("agent's ", StringComparison.Ordinal));
        var box = await File.ReadAllBytesAsync(Path.Combine(appliance.Data, "secrets", "box.key"));
        (secrets["box"], secrets["box in hex"]) = (Convert.ToBase64String(box), Convert.ToHexStringLower(box));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(appliance.Data, "tls"), "*.pem"))
        {
            var lines = (await File.ReadAllLinesAsync(file)).SkipWhile(static line =>
                !line.Contains("PRIVATE KEY", StringComparison.Ordinal)
            );
            if (lines.Skip(1).FirstOrDefault() is { } line)
            {
                secrets[$"private key in {Path.GetFileName(file)}"] = line;
            }
        }
    }

    private static byte[] AgentFile(string data) => File.ReadAllBytes(Path.Combine(data, "agent", "agent.json"));

    /// <summary>The identity of the appliance's own agent, which enrols by itself.</summary>
    private static async Task<byte[]> EnrolledAsync(string data)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            if (File.Exists(Path.Combine(data, "agent", "agent.json")))
            {
                return AgentFile(data);
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), "its agent does not enrol");
        }
    }

    private static Dictionary<string, byte[]> Read(string path)
    {
        using var archive = ZipFile.OpenRead(path);
        return archive.Entries.ToDictionary(
            static one => one.FullName,
            static one =>
            {
                using var stream = one.Open();
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                return bytes.ToArray();
            },
            StringComparer.Ordinal
        );
    }

    /// <summary>As they are, as URIs and JSON spell them, in base64, in hex.</summary>
    private static List<string> Leaks(Dictionary<string, string> secrets, Dictionary<string, byte[]> parts)
    {
        var found = new List<string>();
        foreach (var (name, secret) in secrets)
        {
            var bytes = Encoding.UTF8.GetBytes(secret);
            string[] spellings =
            [
                secret,
                Uri.EscapeDataString(secret),
                JsonEncodedText.Encode(secret).ToString(),
                Convert.ToBase64String(bytes),
                Convert.ToHexStringLower(bytes),
            ];
            found.AddRange(
                from part in parts
                from spelling in spellings.Distinct(StringComparer.Ordinal)
                where part.Value.AsSpan().IndexOf(Encoding.UTF8.GetBytes(spelling)) >= 0
                select $"{name} in {part.Key}"
            );
        }

        return found;
    }
}
