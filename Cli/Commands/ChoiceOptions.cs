using System.CommandLine;
using Backup.Cli.Appliance;

namespace Backup.Cli.Commands;

/// <summary>The options that say which appliance is commanded.</summary>
internal sealed class ChoiceOptions
{
    private readonly Option<string?> _data = SharedOptions.Data();

    private readonly Option<string?> _server = new("--server")
    {
        Description =
            $"An appliance on another host instead, by the address of its web interface (else the variable {ApplianceChoice.ServerVariable})",
        HelpName = "https://HOST:PORT",
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description =
            $"With --server: a file with an API token (else the variable {ApplianceChoice.TokenFileVariable})",
        HelpName = "FILE",
    };

    private readonly Option<string?> _caFile = new("--ca-file")
    {
        Description =
            $"With --server: certificates that its own has to be signed by, as PEM (else the variable {ApplianceChoice.CaFileVariable}, else what this host trusts)",
        HelpName = "FILE",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in new[] { _data, _server, _tokenFile, _caFile })
        {
            command.Options.Add(option);
        }
    }

    internal ApplianceChoice Of(ParseResult parsed) =>
        new(parsed.GetValue(_data), parsed.GetValue(_server), parsed.GetValue(_tokenFile), parsed.GetValue(_caFile));
}
