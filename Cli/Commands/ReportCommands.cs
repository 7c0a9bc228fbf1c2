using System.CommandLine;
using System.Text.Json;
using Backup.BackupHttpServer.Certificates;
using Backup.Cli.Control;
using Backup.Foundation.Files;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup jobs report</c> and <c>check-report</c>: what the appliance vouches for, and whether it did.</summary>
internal static class ReportCommands
{
    internal static Command Report()
    {
        var output = new Option<string?>("--output")
        {
            Description = "The file to write; standard output unless given",
            HelpName = "FILE",
        };
        return SharedOptions.Command(
            "report",
            "Fetch the signed report of a verification",
            new Argument<string>("JOB") { Description = "The id of the verification's job: 'backup jobs list'" },
            [output],
            (parsed, choice, job, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.JobReportAsync(job, cancellation),
                    report => Write(report, parsed.GetValue(output)),
                    cancellation
                )
        );
    }

    internal static Command Check()
    {
        var file = new Argument<string>("FILE") { Description = "As 'backup jobs report' wrote it" };
        var authority = new Option<string>("--authority")
        {
            Description =
                "SHA-256 of the appliance's authority, in hex: 'backup appliance' shows it. Take it from elsewhere than the report",
            HelpName = "SHA256",
            Required = true,
        };
        var asJson = SharedOptions.Json();
        var command = new Command("check-report", "Check a signed report; no appliance is asked")
        {
            file,
            authority,
            asJson,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(asJson),
                    _ =>
                        Task.FromResult(
                            Check(parsed.GetValue(file)!, parsed.GetValue(authority)!, parsed.GetValue(asJson))
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static void Write(SignedReportView report, string? output)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(report, ControlJson.Options);
        if (output is null)
        {
            using var standard = Console.OpenStandardOutput();
            standard.Write(text);
            return;
        }

        DurableFile.Write(output, text);
        Console.Out.WriteLine($"The signed report is in {output}.");
    }

    private static int Check(string file, string authority, bool json)
    {
        var signed = Read(file);
        var fingerprint = authority.Replace(":", "", StringComparison.Ordinal);
        if (fingerprint.Length != 64 || !fingerprint.All(char.IsAsciiHexDigit))
        {
            throw CliErrors.BadReport(file, "--authority is not 64 hex digits");
        }

        if (ReportSigner.Check(signed, Convert.FromHexString(fingerprint)) is { } wrong)
        {
            throw CliErrors.BadReport(file, wrong);
        }

        Console.Out.WriteLine(signed.Report);
        if (!json)
        {
            Console.Out.WriteLine("The appliance with that authority signed this, and nothing was changed.");
        }

        return ExitCodes.Ok;
    }

    private static SignedReport Read(string file)
    {
        try
        {
            var view = JsonSerializer.Deserialize<SignedReportView>(File.ReadAllBytes(file), ControlJson.Options)!;
            return new SignedReport(view.Report ?? "", view.Signature ?? "", view.Certificate ?? "");
        }
        catch (Exception failure)
            when (failure is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            throw CliErrors.BadReport(file, $"it cannot be read: {failure.Message}");
        }
    }
}
