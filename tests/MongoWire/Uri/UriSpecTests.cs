using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.MongoWire.Uri;

/// <summary>The driver specifications "connection string", "URI options" and "auth", every case of them.</summary>
public class UriSpecTests(ITestOutputHelper output)
{
    /// <summary>Frozen: a case that is lost or added without anybody noticing fails here.</summary>
    private static readonly (int Cases, int Skipped) Expected = (324, 16);

    [Fact]
    public void Every_case_of_the_specifications_holds_or_is_skipped_for_a_named_reason()
    {
        var failures = new List<string>();
        var skipped = new List<string>();
        var cases = 0;
        foreach (var path in Files())
        {
            using var file = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var test in file.RootElement.GetProperty("tests").EnumerateArray())
            {
                cases++;
                var name = $"{Path.GetFileName(path)}: {test.GetProperty("description").GetString()}";
                if (ReasonToSkip(test) is { } reason)
                {
                    skipped.Add($"{name} ({reason})");
                }
                else if (Fault(test) is { } fault)
                {
                    failures.Add($"{name}: {fault}");
                }
            }
        }

        output.WriteLine($"{cases} cases, {skipped.Count} skipped:");
        skipped.ForEach(output.WriteLine);
        failures.ShouldBeEmpty();
        (cases, skipped.Count).ShouldBe(Expected);
    }

    private static IEnumerable<string> Files() =>
        new[] { "connection-string", "uri-options", "auth" }.SelectMany(folder =>
            Directory
                .EnumerateFiles(
                    SourceTree.At("tests", "MongoWire", "specs", folder),
                    "*.json",
                    SearchOption.AllDirectories
                )
                .Order(StringComparer.Ordinal)
        );

    /// <summary>Only cases that are valid by the specification are ever skipped: mechanisms refused with error 2101.</summary>
    private static string? ReasonToSkip(JsonElement test)
    {
        var uri = test.GetProperty("uri").GetString()!;
        var mechanism =
            uri.Contains("MONGODB-AWS", StringComparison.Ordinal) ? "MONGODB-AWS"
            : uri.Contains("MONGODB-OIDC", StringComparison.Ordinal) ? "MONGODB-OIDC"
            : null;
        if (mechanism is null || !test.GetProperty("valid").GetBoolean())
        {
            return null;
        }

        var refusal = Should.Throw<BackupException>(() => ConnectionString.Parse(uri));
        refusal.Number.ShouldBe(MongoWireErrors.RefusedOption);
        return refusal.Message;
    }

    private static string? Fault(JsonElement test)
    {
        var uri = test.GetProperty("uri").GetString()!;
        var valid = test.GetProperty("valid").GetBoolean();
        ConnectionString parsed;
        try
        {
            parsed = ConnectionString.Parse(uri);
        }
        catch (BackupException refusal)
        {
            return valid ? $"refused: {refusal.Message}" : null;
        }

        if (!valid)
        {
            return "taken, though it is invalid";
        }

        return WarningFault(test, parsed)
            ?? HostsFault(test, parsed)
            ?? UserFault(test, parsed)
            ?? OptionsFault(test, parsed)
            ?? CredentialFault(test, parsed);
    }

    private static string? WarningFault(JsonElement test, ConnectionString parsed)
    {
        if (!test.TryGetProperty("warning", out var warning) || warning.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return warning.GetBoolean() == parsed.Warnings.Count > 0
            ? null
            : $"warnings: {string.Join(' ', parsed.Warnings)}";
    }

    private static string? HostsFault(JsonElement test, ConnectionString parsed)
    {
        if (!test.TryGetProperty("hosts", out var hosts) || hosts.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var expected = hosts.EnumerateArray().Select(Host);
        return expected.SequenceEqual(parsed.Hosts) ? null : $"hosts {string.Join(' ', parsed.Hosts)}";
    }

    private static HostAddress Host(JsonElement host)
    {
        var kind = host.GetProperty("type").GetString() switch
        {
            "ipv4" => HostKind.IPv4,
            "ip_literal" => HostKind.IPv6,
            "unix" => HostKind.UnixSocket,
            _ => HostKind.Name,
        };
        var port = host.GetProperty("port");
        return new HostAddress(
            host.GetProperty("host").GetString()!,
            kind == HostKind.UnixSocket ? 0
                : port.ValueKind == JsonValueKind.Null ? HostAddress.DefaultPort
                : port.GetInt32(),
            kind
        );
    }

    private static string? UserFault(JsonElement test, ConnectionString parsed)
    {
        if (!test.TryGetProperty("auth", out var auth) || auth.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var same =
            auth.GetProperty("username").GetString() == parsed.Credential?.Username
            && auth.GetProperty("password").GetString() == parsed.Credential?.Password
            && auth.GetProperty("db").GetString() == parsed.Database;
        return same ? null : $"user {parsed.Credential}, database {parsed.Database}";
    }

    private static string? OptionsFault(JsonElement test, ConnectionString parsed)
    {
        if (!test.TryGetProperty("options", out var options) || options.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var values = new Dictionary<string, object>(parsed.Options.Values, StringComparer.OrdinalIgnoreCase);
        foreach (var option in options.EnumerateObject())
        {
            if (!values.TryGetValue(option.Name, out var value) || !Same(option.Value, value))
            {
                return $"option {option.Name} is {value}";
            }
        }

        return null;
    }

    private static string? CredentialFault(JsonElement test, ConnectionString parsed)
    {
        if (!test.TryGetProperty("credential", out var expected))
        {
            return null;
        }

        if (expected.ValueKind == JsonValueKind.Null)
        {
            return parsed.Credential is null ? null : "a credential where none is";
        }

        var credential = parsed.Credential;
        var same =
            credential is not null
            && expected.GetProperty("username").GetString() == credential.Username
            && expected.GetProperty("password").GetString() == credential.Password
            && expected.GetProperty("source").GetString() == credential.Source
            && expected.GetProperty("mechanism").GetString() == credential.Mechanism;
        var properties = expected.GetProperty("mechanism_properties");
        return same && (properties.ValueKind == JsonValueKind.Null || Same(properties, credential!.MechanismProperties))
            ? null
            : $"credential {credential}";
    }

    private static bool Same(JsonElement expected, object value) =>
        (expected.ValueKind, value) switch
        {
            (JsonValueKind.String, string text) => expected.GetString() == text,
            (JsonValueKind.Number, int number) => expected.GetInt32() == number,
            (JsonValueKind.True or JsonValueKind.False, bool flag) => expected.GetBoolean() == flag,
            (JsonValueKind.Object, IReadOnlyDictionary<string, string> pairs) => expected.EnumerateObject().Count()
                == pairs.Count
                && expected.EnumerateObject().All(pair => pairs.GetValueOrDefault(pair.Name) == pair.Value.GetString()),
            (JsonValueKind.Array, IEnumerable<object> items) => expected
                .EnumerateArray()
                .Zip(items, Same)
                .All(same => same)
                && expected.GetArrayLength() == items.Count(),
            _ => false,
        };

    [Theory]
    [InlineData("mongodb://alice:s3cret@h/?replicaSet=a", "s3cret")]
    [InlineData("mongodb://h/?tls=true&tlsCertificateKeyFilePassword=s3cret", "s3cret")]
    [InlineData("mongodb://h/?proxyHost=p&proxyUsername=u&proxyPassword=s3cret", "s3cret")]
    public void No_secret_is_shown(string uri, string secret)
    {
        var parsed = ConnectionString.Parse(uri);
        $"{parsed} {parsed.Redacted} {parsed.Credential}".ShouldNotContain(secret);
        parsed.ToString().ShouldContain("***");
    }

    [Theory]
    [InlineData("mongodb://alice:s3cret/x@h/")]
    [InlineData("mongodb://alice:s3cret@@h/")]
    [InlineData("mongodb://alice:s3cret:x@h/")]
    [InlineData("mongodb://alice:s3cret%zz@h/")]
    [InlineData("s3cret")]
    public void An_error_repeats_no_piece_of_a_password(string uri) =>
        Should.Throw<BackupException>(() => ConnectionString.Parse(uri)).ToString().ShouldNotContain("s3cret");
}
