"""The requirements of PCI DSS v4.0.1 that a template has no part in, each in a few words.

Together with :data:`pcistack.pci_dss.requirements.REQUIREMENTS` they are the standard's
requirements at their lowest level, without the appendices for others than merchants and the
additional ones for service providers' customers. The words are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TEXT: Final = """
1.1.1 policies and procedures; 1.1.2 roles and responsibilities; 1.2.1 standard for network
controls; 1.2.2 approval of network changes; 1.3.3 wireless networks; 1.5.1 devices that use other
networks too

2.1.1 policies and procedures; 2.1.2 roles and responsibilities; 2.2.1 configuration standards;
2.2.3 functions of different security levels apart; 2.3.1 wireless defaults; 2.3.2 wireless keys

3.1.1 policies and procedures; 3.1.2 roles and responsibilities; 3.3.1.1 track data; 3.3.1.2
verification code; 3.3.1.3 PIN; 3.3.2 sensitive data before authorization, encrypted; 3.3.3 issuers;
3.4.1 masked display; 3.4.2 copying by remote access; 3.5.1.1 keyed hashes; 3.5.1.3 logical access
to encrypted disks; 3.6.1.1 description of the cryptography, for service providers; 3.6.1.3 fewest
custodians of clear keys; 3.6.1.4 fewest places of keys; 3.7.1 strong keys; 3.7.2 secure
distribution of keys; 3.7.3 secure storage of keys; 3.7.6 split knowledge of clear keys; 3.7.7 no
substitution of keys; 3.7.8 custodians acknowledge their duty; 3.7.9 keys shared with customers

4.1.1 policies and procedures; 4.1.2 roles and responsibilities; 4.2.1.2 wireless transmission;
4.2.2 messaging by end users

5.1.1 policies and procedures; 5.1.2 roles and responsibilities; 5.2.2 what anti-malware does; 5.2.3
components not at risk; 5.2.3.1 how often that is looked at; 5.3.1 updates of anti-malware; 5.3.2
scans; 5.3.2.1 how often; 5.3.3 removable media; 5.3.4 logs of anti-malware; 5.3.5 nobody turns it
off; 5.4.1 phishing

6.1.1 policies and procedures; 6.1.2 roles and responsibilities; 6.2.1 secure development; 6.2.2
training of developers; 6.2.3 code review; 6.2.3.1 who reviews; 6.3.1 vulnerabilities are ranked;
6.4.1 public applications tested (until March 2025); 6.4.3 scripts of payment pages; 6.5.6 test
data removed before production

7.1.1 policies and procedures; 7.1.2 roles and responsibilities; 7.2.3 approval of access; 7.2.4
review of people's access; 7.3.2 access control enforces roles

8.1.1 policies and procedures; 8.1.2 roles and responsibilities; 8.2.1 unique ids; 8.2.3 remote
access to customers; 8.2.4 life of user ids; 8.2.5 leavers; 8.2.6 inactive accounts; 8.2.7 third
parties' access; 8.2.8 idle sessions; 8.3.1 authentication factors; 8.3.3 identity before a reset;
8.3.4 lock-out; 8.3.5 first passwords; 8.3.7 password history; 8.3.8 guidance; 8.3.10 guidance to
customers; 8.3.10.1 customers' password age; 8.3.11 tokens belong to one person; 8.4.1
multi-factor for administrators; 8.4.3 multi-factor from outside; 8.5.1 multi-factor cannot be
bypassed

9.1.1 policies and procedures; 9.1.2 roles and responsibilities; 9.2.1 entry controls; 9.2.1.1
cameras; 9.2.2 network jacks; 9.2.3 wireless and lines; 9.2.4 consoles; 9.3.1 personnel's access;
9.3.1.1 access to sensitive areas; 9.3.2 visitors; 9.3.3 badges; 9.3.4 visitor log; 9.4.1 media
secured; 9.4.1.1 backups of media; 9.4.1.2 review of that place; 9.4.2 classified; 9.4.3 sent
outside; 9.4.4 approved; 9.4.5 inventory; 9.4.5.1 its review; 9.4.6 paper destroyed; 9.4.7
electronic media destroyed; 9.5.1 card readers; 9.5.1.1 list of them; 9.5.1.2 inspection; 9.5.1.2.1
how often; 9.5.1.3 training

10.1.1 policies and procedures; 10.1.2 roles and responsibilities; 10.4.2.1 how often other logs
are reviewed; 10.4.3 exceptions are followed up; 10.6.2 time from designated sources; 10.6.3 time
settings protected; 10.7.1 failures noticed, for service providers until 2025

11.1.1 policies and procedures; 11.1.2 roles and responsibilities; 11.2.1 wireless access points;
11.2.2 inventory of them; 11.3.1.1 other vulnerabilities; 11.3.1.2 authenticated scans; 11.3.1.3
scan after change; 11.3.2 external scans by an approved vendor; 11.3.2.1 external scan after change;
11.4.1 method of penetration tests; 11.4.2 internal test; 11.4.3 external test; 11.4.4 corrected and
tested again; 11.4.5 segmentation test; 11.4.6 segmentation test of service providers; 11.4.7
multi-tenant providers; 11.5.1.1 covert channels; 11.6.1 change of payment pages

12.1.1 security policy; 12.1.2 its review; 12.1.3 roles; 12.1.4 executive; 12.2.1 acceptable use;
12.3.1 targeted risk analyses; 12.3.2 customized approach; 12.4.1 accountability of service
providers; 12.4.2 their reviews; 12.4.2.1 records of them; 12.5.2.1 scope of service providers;
12.5.3 organisational change; 12.6.1 awareness; 12.6.2 its review; 12.6.3 training; 12.6.3.1 threats
in it; 12.6.3.2 acceptable use in it; 12.7.1 screening; 12.8.1 list of providers; 12.8.2 agreements;
12.8.3 due diligence; 12.8.4 monitoring of providers; 12.8.5 who is responsible for what; 12.9.1
providers acknowledge; 12.9.2 providers inform; 12.10.2 review and test of the plan; 12.10.3 people
at hand; 12.10.4 their training; 12.10.4.1 how often; 12.10.5 alerts that the plan covers; 12.10.6
plan evolves; 12.10.7 card data where it should not be
"""

UNTREATED: Final[Mapping[str, str]] = {
    number: words
    for entry in " ".join(_TEXT.replace("\n\n", "; ").split()).split("; ")
    for number, _, words in (entry.strip().partition(" "),)
}
"""What each is about, by its number, in the order of the standard."""
